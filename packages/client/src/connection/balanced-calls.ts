/** Calls to whichever member serves: endpoints are picked, tokens attached, and attempts repeated as the call's safety allows. */
import type {
  DescMessage,
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@quorate/proto";
import { ERRORS, etcdserverpb, findErrorByMessage, GrpcStatus } from "@quorate/proto";
import type { CallOptions, Calls, CallSafety } from "../calls.js";
import { ClosedError, DeadlineError, QuorateError } from "../errors/errors.js";
import { SILENT, type Logger } from "../logger.js";
import type { BidiStream, Channel, ChannelCallOptions, ChannelError } from "../transport.js";
import { Attempts } from "./attempts.js";
import { backOffMs, pause } from "./back-off.js";
import { BalancedStream } from "./balanced-stream.js";
import { CallMetadata } from "./call-metadata.js";
import { createChannelError } from "./channel-error.js";
import type { EndpointPool } from "./endpoint-pool.js";
import { isChannelError, judgeFailure } from "./judge-failure.js";
import { checkTimeout } from "./timeout.js";
import { Tokens } from "./tokens.js";
import { waitFor } from "./wait-for.js";

export interface BalancedCallsOptions {
  readonly pool: EndpointPool;
  /** For calls that say nothing else. */
  readonly timeoutMs: number;
  readonly user?: { readonly name: string; readonly password: string } | undefined;
  readonly logger?: Logger | undefined;
}

interface BidiOptions<O> extends CallOptions {
  readonly requireLeader?: boolean;
  readonly refusalIn?: (answer: O) => string | undefined;
}

interface UnaryOptions extends CallOptions {
  readonly safety: CallSafety;
  readonly endpoint?: string;
  readonly requireLeader?: boolean;
  /** Told of what the attempts failed with that are followed by others. */
  readonly onRepetition?: (error: QuorateError) => void;
}

export class BalancedCalls implements Calls {
  readonly #pool: EndpointPool;
  readonly timeoutMs: number;
  readonly #logger: Logger;
  readonly #tokens: Tokens | undefined;
  readonly #closing = new AbortController();
  readonly #metadata = new CallMetadata();

  constructor({ pool, timeoutMs, user, logger = SILENT }: BalancedCallsOptions) {
    this.#pool = pool;
    this.timeoutMs = timeoutMs;
    this.#logger = logger;
    if (user === undefined) return;
    this.#tokens = new Tokens((signal, onRepetition) => {
      const request = { name: user.name, password: user.password };
      const { authenticate } = etcdserverpb.Auth.method;
      return this.#authenticate(() =>
        this.#call(authenticate, request, { safety: "read", signal, onRepetition }, undefined),
      );
    }, this.closed);
  }

  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  unary<I extends DescMessage, O extends DescMessage>(
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
    const attempts = new Attempts(this, options, {
      timeoutMs: this.timeoutMs,
      isShared: options.safety !== "write" && options.endpoint === undefined && this.#pool.size > 1,
    });
    for (;;) {
      const timeoutMs = attempts.begin();
      const channel = this.#channel(options.endpoint, options.safety);
      let token: string | undefined;
      try {
        const { signal, requireLeader = true } = options;
        if (tokens !== undefined)
          token = tokens.current ?? (await waitFor(tokens.get(), { signal, timeoutMs }));
        const metadata = this.#metadata.of(token, requireLeader);
        const answer = await channel.unary(method, input, { signal, timeoutMs, metadata });
        this.#pool.succeeded(channel);
        return answer;
      } catch (error) {
        if (this.closed.aborted || !isChannelError(error)) throw this.#closed(error);
        const judgement = judgeFailure(error, options.safety, channel.endpoint);
        if (judgement.kind !== "new-token" && judgement.isEndpointAtFault) this.#pool.failed(channel);
        if (judgement.kind === "new-token" && token !== undefined) tokens?.reject(token);
        const isToBeRepeated =
          judgement.kind === "repeat"
            ? options.endpoint === undefined
            : judgement.kind === "new-token" && tokens !== undefined && attempts.takeNewToken();
        // An attempt that got its share of the time only has not used up the call's.
        const wasCutShort = judgement.error instanceof DeadlineError && attempts.takeRest();
        const story = attempts.storyOf(judgement.error, error.sent, tokens?.failure);
        if (!isToBeRepeated && !wasCutShort) throw story;
        options.onRepetition?.(story);
        this.#tellOfRepetition(method.name, story);
        await attempts.failed(story);
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
    const attempts = new Attempts(this, options, { timeoutMs: this.timeoutMs, isShared: false });
    for (let hasBegun = false; ;) {
      // A stream may take as long as it takes: only the attempts to begin it are bounded, unless the caller says otherwise.
      attempts.begin();
      const channel = this.#channel(options.endpoint, "read");
      let token: string | undefined;
      try {
        const { timeoutMs, signal } = options;
        if (this.#tokens !== undefined) token = await waitFor(this.#tokens.get(), { signal, timeoutMs });
        const callOptions = { signal, timeoutMs, metadata: this.#metadata.of(token, true) };
        for await (const message of channel.serverStream(method, input, callOptions)) {
          hasBegun = true;
          yield message;
        }
        this.#pool.succeeded(channel);
        return;
      } catch (error) {
        if (this.closed.aborted || !isChannelError(error)) throw this.#closed(error);
        const judgement = judgeFailure(error, "read", channel.endpoint);
        if (judgement.kind !== "new-token" && judgement.isEndpointAtFault) this.#pool.failed(channel);
        if (judgement.kind === "new-token" && token !== undefined) this.#tokens?.reject(token);
        const isToBeRepeated =
          !hasBegun &&
          (judgement.kind === "repeat"
            ? options.endpoint === undefined
            : judgement.kind === "new-token" && this.#tokens !== undefined && attempts.takeNewToken());
        const story = attempts.storyOf(judgement.error, error.sent, this.#tokens?.failure);
        if (!isToBeRepeated) throw story;
        this.#tellOfRepetition(method.name, story);
        await attempts.failed(story);
      }
    }
  }

  bidi<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    { signal, timeoutMs, requireLeader = false, refusalIn }: BidiOptions<MessageShape<O>>,
  ): BidiStream<MessageInitShape<I>, MessageShape<O>> {
    checkTimeout(timeoutMs);
    const channel = this.#pool.pick("read");
    const tokens = this.#tokens;
    const open = (token: string | undefined): BidiStream<MessageInitShape<I>, MessageShape<O>> => {
      const options: ChannelCallOptions = { timeoutMs, metadata: this.#metadata.of(token, requireLeader) };
      return channel.bidi(method, options);
    };
    return new BalancedStream<MessageInitShape<I>, MessageShape<O>>({
      open,
      token: tokens === undefined ? undefined : () => waitFor(tokens.get(), { signal, timeoutMs }),
      signals: [signal, this.closed].filter((each) => each !== undefined),
      onMessage: () => this.#pool.succeeded(channel),
      check: (answer) => {
        const refusal = refusalIn?.(answer);
        if (refusal !== undefined) throw createChannelRefusal(refusal);
      },
      mapFailure: (error, token) => {
        if (!isChannelError(error)) return error;
        const judgement = judgeFailure(error, "read", channel.endpoint);
        if (judgement.kind === "new-token") {
          if (tokens === undefined || token === undefined) return judgement.error;
          tokens.reject(token);
          return repeatable(judgement.error);
        }
        if (judgement.isEndpointAtFault) this.#pool.failed(channel);
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

  #tellOfRepetition(method: string, { endpoint, message: reason }: QuorateError): void {
    this.#logger.debug("a call is made again", { method, endpoint, reason });
  }

  #channel(endpoint: string | undefined, safety: CallSafety): Channel {
    return endpoint === undefined ? this.#pool.pick(safety) : this.#pool.at(endpoint);
  }

  async #authenticate(call: () => Promise<{ readonly token: string }>): Promise<string> {
    try {
      const { token } = await call();
      this.#logger.debug("logged in");
      return token;
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

/** A refusal inside a message, as the status that it stands for. */
function createChannelRefusal(text: string): ChannelError {
  const reason = findErrorByMessage(text);
  const code = reason === undefined ? GrpcStatus.Unknown : ERRORS[reason].wireCode;
  return createChannelError(code, text, true);
}

/** The next stream comes with another token. */
function repeatable({ message, code, reason, endpoint }: QuorateError): QuorateError {
  return new QuorateError(message, { code, reason, endpoint, retry: "always" });
}
