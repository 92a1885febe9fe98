/** Streams over sockets as async iterables, with back-pressure both ways. */
import { GrpcStatus } from "@quorate/proto";
import type { CallEnd, CallEvents, CallRequest, ClientCall, GrpcChannel } from "@quorate/rpc/client";
import { createChannelError } from "../connection/channel-error.js";
import { onAbort } from "../session/on-abort.js";
import type { BidiStream } from "../transport.js";

/** Messages that wait for their reader before the server gets no more credit, and at which it gets some again. */
const WAITING_MAX = 32;
const WAITING_FEW = 8;

const nothing = (): void => undefined;

/** The receiving side of a call. Memory is bounded: what is on its way when the reader stops is a stream's window. */
export class SocketReader<O> implements CallEvents {
  readonly #decode: (bytes: Uint8Array) => O;
  readonly #signal: AbortSignal | undefined;
  #call: ClientCall | undefined;
  #forget: () => void = nothing;
  #waiting: Uint8Array[] = [];
  #first = 0;
  #isPaused = false;
  #end: { readonly failure: unknown } | undefined;
  #wake: () => void = nothing;
  #onDrain: () => void = nothing;

  constructor(decode: (bytes: Uint8Array) => O, signal: AbortSignal | undefined) {
    this.#decode = decode;
    this.#signal = signal;
  }

  begin(channel: GrpcChannel, request: CallRequest): void {
    const call = channel.startCall(request, this);
    this.#call = call;
    if (this.#signal !== undefined) this.#forget = onAbort(this.#signal, () => call.cancel());
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Why the stream has ended; undefined when it has come to its end. */
  get failure(): unknown {
    return this.#end?.failure;
  }

  /** @returns whether the transport takes more at once; if not, `listener` is called when it does or the call has ended. */
  send(bytes: Uint8Array, listener: () => void): boolean {
    if (this.#call?.send(bytes) !== false) return true;
    this.#onDrain = listener;
    return false;
  }

  halfClose(): void {
    this.#call?.end();
  }

  cancel(): void {
    this.#call?.cancel();
  }

  /** Messages until the end, then the failure if it was one. Leaving ends the call. One reader at a time. */
  async *read(): AsyncGenerator<O> {
    try {
      for (;;) {
        for (let bytes = this.#shift(); bytes !== undefined; bytes = this.#shift()) yield this.#read(bytes);
        if (this.#end !== undefined) break;
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.cancel();
    }
    if (this.#end.failure !== undefined) throw this.#end.failure as Error;
  }

  onHead(): void {
    // Nothing in it concerns who reads the messages.
  }

  onMessage(message: Uint8Array): void {
    this.#waiting.push(message);
    if (!this.#isPaused && this.#waiting.length - this.#first >= WAITING_MAX) {
      this.#isPaused = true;
      this.#call?.pause();
    }
    this.#wake();
  }

  onDrain(): void {
    this.#onDrain();
  }

  onEnd({ code, message, sent }: CallEnd): void {
    this.#forget();
    const isAborted = this.#signal?.aborted === true;
    const failure =
      code === GrpcStatus.Ok
        ? undefined
        : isAborted
          ? (this.#signal?.reason as unknown)
          : createChannelError(code, message, sent);
    this.#end = { failure };
    this.#wake();
    this.#onDrain();
  }

  #read(bytes: Uint8Array): O {
    try {
      return this.#decode(bytes);
    } catch (error) {
      const text = `a message that can't be read: ${(error as Error).message}`;
      throw createChannelError(GrpcStatus.Internal, text, true);
    }
  }

  #shift(): Uint8Array | undefined {
    const bytes = this.#waiting[this.#first];
    if (bytes === undefined) return undefined;
    this.#first++;
    // What was read is let go in bulk.
    if (this.#first * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    if (this.#isPaused && this.#waiting.length - this.#first <= WAITING_FEW) {
      this.#isPaused = false;
      this.#call?.resume();
    }
    return bytes;
  }
}

export class SocketBidiStream<I, O> implements BidiStream<I, O> {
  readonly #reader: SocketReader<O>;
  readonly #encode: (message: I) => Uint8Array;
  /** Senders that wait for room. */
  #waiting: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = [];

  constructor(reader: SocketReader<O>, encode: (message: I) => Uint8Array) {
    this.#reader = reader;
    this.#encode = encode;
  }

  send(message: I): Promise<void> {
    if (this.#reader.hasEnded) return Promise.reject(endedBy(this.#reader.failure));
    if (this.#reader.send(this.#encode(message), () => this.#settle())) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  end(): void {
    this.#reader.halfClose();
  }

  cancel(): void {
    this.#reader.cancel();
  }

  [Symbol.asyncIterator](): AsyncGenerator<O> {
    return this.#reader.read();
  }

  #settle(): void {
    const { hasEnded, failure } = this.#reader;
    for (const { resolve, reject } of this.#waiting.splice(0)) {
      if (hasEnded) reject(endedBy(failure));
      else resolve();
    }
  }
}

function endedBy(failure: unknown): Error {
  return failure instanceof Error ? failure : new Error("the stream has ended", { cause: failure });
}
