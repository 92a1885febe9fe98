/**
 * The stream of lease renewals where a page has none: each renewal, with all others that wait, is a call of its own, whose answers end it.
 * Another begins when there is more to send. So a page holds no connection between two renewals.
 */
import { GrpcStatus } from "@quorate/proto";
import { createChannelError } from "../connection/channel-error.js";
import { onAbort } from "../session/on-abort.js";
import type { BidiStream } from "../transport.js";
import { Wake } from "./wake.js";

/** Renewals that wait; there is a lease behind each. */
export const WAITING_RENEWALS_MAX = 10_000;

export interface KeepAliveCallsParts<I, O> {
  readonly encode: (message: I) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => O;
  readonly call: (
    messages: readonly Uint8Array[],
    signals: readonly AbortSignal[],
  ) => AsyncGenerator<Uint8Array>;
  /** Aborted when the stream is over, for whatever reason. */
  readonly ending: AbortController;
}

export class KeepAliveCalls<I, O> implements BidiStream<I, O> {
  readonly #parts: KeepAliveCallsParts<I, O>;
  readonly #ending: AbortController;
  readonly #wake = new Wake();
  #waiting: Uint8Array[] = [];
  #isHalfClosed = false;

  constructor(parts: KeepAliveCallsParts<I, O>) {
    this.#parts = parts;
    this.#ending = parts.ending;
    onAbort(this.#ending.signal, () => this.#wake.call());
  }

  send(message: I): Promise<void> {
    if (this.#ending.signal.aborted || this.#isHalfClosed)
      return Promise.reject(createChannelError(GrpcStatus.Canceled, "the stream has ended", true));
    if (this.#waiting.length >= WAITING_RENEWALS_MAX)
      return Promise.reject(
        createChannelError(GrpcStatus.ResourceExhausted, "too many renewals wait", false),
      );
    this.#waiting.push(this.#parts.encode(message));
    this.#wake.call();
    return Promise.resolve();
  }

  end(): void {
    this.#isHalfClosed = true;
    this.#wake.call();
  }

  cancel(): void {
    this.#ending.abort(createChannelError(GrpcStatus.Canceled, "the stream was cancelled", true));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<O> {
    const { signal } = this.#ending;
    try {
      for (;;) {
        signal.throwIfAborted();
        const messages = this.#waiting;
        this.#waiting = [];
        if (messages.length > 0) {
          for await (const bytes of this.#parts.call(messages, [signal])) yield this.#parts.decode(bytes);
        } else if (this.#isHalfClosed) return;
        else await this.#wake.wait();
      }
    } finally {
      this.cancel();
    }
  }
}
