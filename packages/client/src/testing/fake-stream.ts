/** A stream both ways whose other end is a test. */
import type { BidiStream } from "../transport.js";

export class FakeStream<I, O> implements BidiStream<I, O> {
  readonly sent: I[] = [];
  isCancelled = false;
  #waiting: O[] = [];
  #end: { readonly failure: Error | undefined } | undefined;
  #wake: (() => void) | undefined;

  /** The other end sends. */
  push(...messages: readonly O[]): void {
    this.#waiting.push(...messages);
    this.#wake?.();
  }

  /** The other end breaks off. */
  fail(failure: Error): void {
    this.#end ??= { failure };
    this.#wake?.();
  }

  send(message: I): Promise<void> {
    this.sent.push(message);
    return Promise.resolve();
  }

  end(): void {
    this.cancel();
  }

  cancel(): void {
    this.isCancelled = true;
    this.#end ??= { failure: undefined };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<O> {
    for (;;) {
      yield* this.#waiting.splice(0);
      if (this.#waiting.length > 0) continue;
      if (this.#end?.failure !== undefined) throw this.#end.failure;
      if (this.#end !== undefined) return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
