/** A stream both ways that begins once its token is there, and whose failures are this SDK's. */
import { onAbort } from "../session/on-abort.js";
import type { BidiStream } from "../transport.js";

export interface BalancedStreamParts<I, O> {
  readonly open: (token: string | undefined) => BidiStream<I, O>;
  /** Undefined when no token is needed. */
  readonly token: (() => Promise<string>) | undefined;
  /** Each of them ends the stream, with its reason. */
  readonly signals: readonly AbortSignal[];
  /** The other end has answered. */
  readonly onMessage: () => void;
  /** Throws for an answer that ends the stream. */
  readonly check: (message: O) => void;
  readonly mapFailure: (error: unknown, token: string | undefined) => unknown;
}

export class BalancedStream<I, O> implements BidiStream<I, O> {
  readonly #parts: BalancedStreamParts<I, O>;
  readonly #opened: Promise<BidiStream<I, O>>;
  #forgets: readonly (() => void)[] = [];
  #token: string | undefined;
  #isCancelled = false;
  #inner: BidiStream<I, O> | undefined;

  constructor(parts: BalancedStreamParts<I, O>) {
    this.#parts = parts;
    this.#forgets = parts.signals.map((signal) => onAbort(signal, () => this.cancel()));
    if (this.#isCancelled) this.#unlink();
    this.#opened = this.#open();
    // Whoever sends or reads learns it; a stream that nobody uses fails for nobody.
    this.#opened.catch(() => undefined);
  }

  async #open(): Promise<BidiStream<I, O>> {
    this.#throwIfEnded();
    this.#token = await this.#parts.token?.();
    this.#throwIfEnded();
    this.#inner = this.#parts.open(this.#token);
    return this.#inner;
  }

  #throwIfEnded(): void {
    for (const signal of this.#parts.signals) signal.throwIfAborted();
    if (this.#isCancelled) throw new Error("the stream was cancelled");
  }

  async send(message: I): Promise<void> {
    try {
      // Also when it is open: what waits for that goes first.
      const inner = await this.#opened;
      await inner.send(message);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  end(): void {
    this.#opened.then(
      (inner) => inner.end(),
      () => undefined,
    );
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#unlink();
    this.#inner?.cancel();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<O> {
    try {
      const inner = await this.#opened;
      for await (const message of inner) {
        this.#parts.onMessage();
        this.#parts.check(message);
        yield message;
      }
      // Cancelled by a signal, the stream may end as if there were nothing more.
      for (const signal of this.#parts.signals) signal.throwIfAborted();
    } catch (error) {
      throw this.#failure(error);
    } finally {
      this.cancel();
    }
  }

  #failure(error: unknown): unknown {
    const aborted = this.#parts.signals.find((signal) => signal.aborted);
    return aborted === undefined ? this.#parts.mapFailure(error, this.#token) : aborted.reason;
  }

  #unlink(): void {
    for (const forget of this.#forgets) forget();
  }
}
