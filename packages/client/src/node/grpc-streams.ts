/** Streams of grpc-js as async iterables, with back-pressure both ways. */
import type { ClientDuplexStream, ClientReadableStream, ServiceError } from "@grpc/grpc-js";
import type { BidiStream } from "../transport.js";

/** Messages as they come; leaving the loop leaves the call to whoever made it. */
export async function* readStream(
  call: ClientReadableStream<Buffer>,
  failureOf: (error: ServiceError) => unknown,
): AsyncGenerator<Buffer> {
  try {
    for await (const bytes of call) yield bytes as Buffer;
  } catch (error) {
    throw failureOf(error as ServiceError);
  } finally {
    // What comes after the last look (a cancellation, mostly) is nobody's business any more.
    call.on("error", () => undefined);
  }
}

interface BidiParts<I, O> {
  readonly encode: (message: I) => Buffer;
  readonly decode: (bytes: Buffer) => O;
  readonly failureOf: (error: ServiceError) => unknown;
  /** Called once when the call has ended. */
  readonly onEnd: () => void;
}

function endedBy(failure: unknown): Error {
  return failure instanceof Error ? failure : new Error("the stream has ended", { cause: failure });
}

export class GrpcBidiStream<I, O> implements BidiStream<I, O> {
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  readonly #parts: BidiParts<I, O>;
  #failure: unknown;
  #isEnded = false;
  /** Senders that wait for room. */
  #waiting: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = [];

  constructor(call: ClientDuplexStream<Buffer, Buffer>, parts: BidiParts<I, O>) {
    this.#call = call;
    this.#parts = parts;
    call.on("error", (error: ServiceError) => this.#settle(parts.failureOf(error)));
    call.on("end", () => this.#settle(undefined));
    call.on("drain", () => {
      for (const { resolve } of this.#waiting.splice(0)) resolve();
    });
  }

  send(message: I): Promise<void> {
    if (this.#isEnded) return Promise.reject(endedBy(this.#failure));
    if (this.#call.write(this.#parts.encode(message))) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  end(): void {
    this.#call.end();
  }

  cancel(): void {
    this.#call.cancel();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<O> {
    try {
      for await (const bytes of readStream(this.#call, this.#parts.failureOf))
        yield this.#parts.decode(bytes);
    } finally {
      this.#call.cancel();
    }
  }

  #settle(failure: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#failure = failure;
    this.#parts.onEnd();
    for (const { reject } of this.#waiting.splice(0)) reject(endedBy(failure));
  }
}
