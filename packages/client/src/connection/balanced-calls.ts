/** Calls to whichever member serves: endpoints are picked, tokens attached, and attempts repeated as the call's safety allows. */
import type {
  DescMessage,
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@quorate/proto";
import { etcdserverpb } from "@quorate/proto";
import type { CallOptions, Calls, CallSafety } from "../calls.js";
import { ClosedError, DeadlineError, type QuorateError } from "../errors/errors.js";
import type { BidiStream, Channel, ChannelCallOptions, Metadata } from "../transport.js";
import { backOffMs, pause } from "./back-off.js";
import { BalancedStream } from "./balanced-stream.js";
import type { EndpointPool } from "./endpoint-pool.js";
import { isChannelError, judgeFailure } from "./judge-failure.js";
import { Tokens } from "./tokens.js";

/** Attempts of one call, whatever its deadline. */
export const ATTEMPTS_MAX = 100;
/** One attempt of a call that may be repeated gets a third of the call's time, at least this. */
const ATTEMPT_MIN_MS = 1000;
const ATTEMPT_SHARE = 1 / 3;

export interface BalancedCallsOptions {
  readonly pool: EndpointPool;
  /** For calls that say nothing else. */
  readonly timeoutMs: number;
  readonly user?: { readonly name: string; readonly password: string } | undefined;
}

interface UnaryOptions extends CallOptions {
  readonly safety: CallSafety;
  readonly endpoint?: string;
  readonly requireLeader?: boolean;
}

export class BalancedCalls implements Calls {
  readonly #pool: EndpointPool;
  readonly #timeoutMs: number;
  readonly #tokens: Tokens | undefined;
  readonly #closing = new AbortController();

  constructor({ pool, timeoutMs, user }: BalancedCallsOptions) {
    this.#pool = pool;
    this.#timeoutMs = timeoutMs;
    if (user === undefined) return;
    this.#tokens = new Tokens(async (signal) => {
      const request = { name: user.name, password: user.password };
      const { authenticate } = etcdserverpb.Auth.method;
      return this.#authenticate(() =>
        this.#call(authenticate, request, { safety: "read", signal }, undefined),
      );
    }, this.closed);
  }

  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
    options: UnaryOptions,
  ): Promise<MessageShape<O>> {
    return this.#call(method, input, options, this.#tokens);
  }

  async #call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
    options: UnaryOptions,
    tokens: Tokens | undefined,
  ): Promise<MessageShape<O>> {
    const attempts = new Attempts(this, options, this.#timeoutMs);
    for (;;) {
      const timeoutMs = attempts.begin();
      const channel = this.#channel(options.endpoint);
      let token: string | undefined;
      try {
        token = await tokens?.get();
        const metadata = metadataOf(token, options.requireLeader ?? true);
        const answer = await channel.unary(method, input, { signal: attempts.signal, timeoutMs, metadata });
        this.#pool.succeeded(channel);
        return answer;
      } catch (error) {
        if (!isChannelError(error)) throw this.#closed(error);
        const judgement = judgeFailure(error, options.safety, channel.endpoint);
        if (judgement.kind !== "new-token" && judgement.isEndpointAtFault) this.#pool.failed(channel);
        if (judgement.kind === "new-token" && token !== undefined) tokens?.reject(token);
        const isToBeRepeated =
          judgement.kind === "repeat"
            ? options.endpoint === undefined
            : judgement.kind === "new-token" && tokens !== undefined && attempts.takeNewToken();
        // An attempt that got its share of the time only has not used up the call's.
        const wasCutShort = judgement.error instanceof DeadlineError && attempts.hasTime;
        if (!isToBeRepeated && !(wasCutShort && options.endpoint === undefined)) throw judgement.error;
        await attempts.failed(judgement.error);
      } finally {
        attempts.end();
      }
    }
  }

  serverStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    input: MessageInitShape<I>,
    options: CallOptions & { readonly endpoint?: string },
  ): AsyncIterable<MessageShape<O>> {
    const begin = (): AsyncGenerator<MessageShape<O>> => this.#stream(method, input, options);
    return { [Symbol.asyncIterator]: begin };
  }

  async *#stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    input: MessageInitShape<I>,
    options: CallOptions & { readonly endpoint?: string },
  ): AsyncGenerator<MessageShape<O>> {
    const attempts = new Attempts(this, { ...options, safety: "write" }, this.#timeoutMs);
    for (let hasBegun = false; ;) {
      // A stream may take as long as it takes: only its beginning is bounded, unless the caller says otherwise.
      attempts.begin();
      const channel = this.#channel(options.endpoint);
      let token: string | undefined;
      try {
        token = await this.#tokens?.get();
        const { timeoutMs } = options;
        const callOptions = { signal: attempts.signal, timeoutMs, metadata: metadataOf(token, true) };
        for await (const message of channel.serverStream(method, input, callOptions)) {
          hasBegun = true;
          yield message;
        }
        this.#pool.succeeded(channel);
        return;
      } catch (error) {
        if (!isChannelError(error)) throw this.#closed(error);
        const judgement = judgeFailure(error, "read", channel.endpoint);
        if (judgement.kind !== "new-token" && judgement.isEndpointAtFault) this.#pool.failed(channel);
        if (judgement.kind === "new-token" && token !== undefined) this.#tokens?.reject(token);
        const isToBeRepeated =
          !hasBegun &&
          (judgement.kind === "repeat"
            ? options.endpoint === undefined
            : judgement.kind === "new-token" && this.#tokens !== undefined && attempts.takeNewToken());
        if (!isToBeRepeated) throw judgement.error;
        await attempts.failed(judgement.error);
      } finally {
        attempts.end();
      }
    }
  }

  bidi<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    { signal, timeoutMs, requireLeader = false }: CallOptions & { readonly requireLeader?: boolean },
  ): BidiStream<MessageInitShape<I>, MessageShape<O>> {
    const channel = this.#pool.pick();
    const tokens = this.#tokens;
    const open = (token: string | undefined): BidiStream<MessageInitShape<I>, MessageShape<O>> => {
      const options: ChannelCallOptions = { timeoutMs, metadata: metadataOf(token, requireLeader) };
      return channel.bidi(method, options);
    };
    return new BalancedStream<MessageInitShape<I>, MessageShape<O>>({
      open,
      token: tokens === undefined ? undefined : () => tokens.get(),
      signals: [signal, this.closed].filter((each) => each !== undefined),
      onMessage: () => this.#pool.succeeded(channel),
      mapFailure: (error, token) => {
        if (!isChannelError(error)) return error;
        const judgement = judgeFailure(error, "read", channel.endpoint);
        if (judgement.kind === "new-token" && token !== undefined) tokens?.reject(token);
        else if (judgement.kind !== "new-token" && judgement.isEndpointAtFault) this.#pool.failed(channel);
        return judgement.error;
      },
    });
  }

  backOff(attempt: number, signal?: AbortSignal): Promise<void> {
    return pause(backOffMs(attempt), [signal, this.closed]);
  }

  /** Ends every call under way with `ClosedError`; later calls reject with it. */
  close(): void {
    if (this.closed.aborted) return;
    this.#closing.abort(new ClosedError());
    this.#pool.close();
  }

  #channel(endpoint: string | undefined): Channel {
    return endpoint === undefined ? this.#pool.pick() : this.#pool.at(endpoint);
  }

  async #authenticate(call: () => Promise<{ readonly token: string }>): Promise<string> {
    try {
      return (await call()).token;
    } catch (error) {
      // A cluster without users takes everybody, whatever name they bring.
      if ((error as QuorateError).reason === "auth-not-enabled") return "";
      throw error;
    }
  }

  #closed(error: unknown): unknown {
    return this.closed.aborted ? this.closed.reason : error;
  }
}

function metadataOf(token: string | undefined, requireLeader: boolean): Metadata {
  return {
    ...(token === undefined || token === "" ? {} : { token }),
    ...(requireLeader ? { hasleader: "true" } : {}),
  };
}

/** The attempts of one call: how long they may take together, and what ends them. */
class Attempts {
  readonly #calls: Calls;
  readonly #options: UnaryOptions;
  readonly #totalMs: number;
  readonly #untilMs: number;
  readonly #ending = new AbortController();
  readonly #abort: () => void;
  #count = 0;
  #hasNewToken = false;

  constructor(calls: Calls, options: UnaryOptions, defaultMs: number) {
    this.#calls = calls;
    this.#options = options;
    this.#totalMs = options.timeoutMs ?? defaultMs;
    this.#untilMs = performance.now() + this.#totalMs;
    this.#abort = () => this.#ending.abort(this.#reason());
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  get hasTime(): boolean {
    return performance.now() < this.#untilMs && this.#options.safety !== "write";
  }

  /** @returns milliseconds for the next attempt. @throws the reason when the call has been ended. */
  begin(): number {
    const { signal, safety } = this.#options;
    if (signal?.aborted === true || this.#calls.closed.aborted) throw this.#reason();
    signal?.addEventListener("abort", this.#abort, { once: true });
    this.#calls.closed.addEventListener("abort", this.#abort, { once: true });
    this.#count += 1;
    const leftMs = Math.max(1, this.#untilMs - performance.now());
    return safety === "write"
      ? leftMs
      : Math.min(leftMs, Math.max(ATTEMPT_MIN_MS, this.#totalMs * ATTEMPT_SHARE));
  }

  /** Call after each attempt, whatever came of it. */
  end(): void {
    this.#options.signal?.removeEventListener("abort", this.#abort);
    this.#calls.closed.removeEventListener("abort", this.#abort);
  }

  /** Waits before the next attempt. @throws `error` when there is no time for one. */
  async failed(error: QuorateError): Promise<void> {
    const leftMs = this.#untilMs - performance.now();
    if (leftMs <= 0 || this.#count >= ATTEMPTS_MAX) throw error;
    const waitMs = Math.min(backOffMs(this.#count - 1), leftMs);
    await pause(waitMs, [this.#options.signal, this.#calls.closed]);
    if (performance.now() >= this.#untilMs) throw error;
  }

  /** A rejected token is replaced once a call. */
  takeNewToken(): boolean {
    const isFirst = !this.#hasNewToken;
    this.#hasNewToken = true;
    return isFirst;
  }

  #reason(): unknown {
    const { signal } = this.#options;
    return signal?.aborted === true ? signal.reason : this.#calls.closed.reason;
  }
}
