/** Calls of clients, over simulated lines: what gRPC does over sockets, without the sockets. */
import { GrpcStatus } from "@quorate/proto";
import type { BidiCall, CancelListener, Metadata, Method, ServerStreamCall, UnaryCall } from "@quorate/rpc";
import type { QueueLevel, ServiceRegistry } from "@quorate/server/world";

/** The methods of one process. */
export class SimServices implements ServiceRegistry {
  readonly #methods = new Map<string, Method>();
  readonly #streams = new Set<SimCall>();

  addService(serviceName: string, methods: Readonly<Record<string, Method>>): void {
    for (const [name, method] of Object.entries(methods))
      this.#methods.set(`/${serviceName}/${name}`, method);
  }

  find(path: string): Method | undefined {
    return this.#methods.get(path);
  }

  /** A stream has begun: what it holds for its client is looked at as long as it is open. */
  follow(stream: SimCall): void {
    this.#streams.add(stream);
  }

  /** Of the stream that holds most. */
  levels(): readonly QueueLevel[] {
    let held = 0;
    for (const stream of this.#streams) {
      if (stream.ended) this.#streams.delete(stream);
      else held = Math.max(held, stream.bufferedBytesBefore);
    }
    return [{ name: "streamBufferBytes", held, limit: BUFFERED_BYTES_MAX }];
  }
}

export interface CallEvents {
  onMessage(message: Uint8Array): void;
  /** Exactly once; code 0 for a good end. */
  onEnd(code: number, text: string): void;
}

const NO_METADATA: Metadata = {
  get: () => undefined,
  getAll: () => [],
  getBytes: () => undefined,
  entries: () => [],
};

/** Of a connection whose client does not read: beyond it the server is told to wait. */
const BUFFERED_BYTES_MAX = 4096;

/** Of a caller that has logged in. */
export function tokenMetadata(token: string): Metadata {
  const get = (name: string): string | undefined => (name === "token" ? token : undefined);
  return {
    get,
    getAll: (name) => (name === "token" ? [token] : []),
    getBytes: () => undefined,
    entries: () => [["token", token]],
  };
}

/** The server's end of a call of any kind. */
export class SimCall implements UnaryCall, ServerStreamCall, BidiCall {
  readonly path: string;
  readonly metadata: Metadata;
  readonly deadlineMs = undefined;
  readonly peer = "client:1";
  readonly peerCommonName = undefined;
  readonly authority = "member";
  ended = false;
  readonly #events: CallEvents;
  #onCancel: CancelListener | undefined;
  #onMessage: ((message: Uint8Array) => void) | undefined;
  #onEnd: (() => void) | undefined;
  #isPaused = false;
  #waiting: Uint8Array[] = [];
  #isStarved = false;
  /** What the client does not take. */
  readonly #unsent: Uint8Array[] = [];
  #bufferedBytes = 0;
  #lastBytes = 0;
  #onDrain: (() => void) | undefined;

  constructor(path: string, events: CallEvents, metadata: Metadata = NO_METADATA) {
    this.path = path;
    this.#events = events;
    this.metadata = metadata;
  }

  /** The client has sent one more message. */
  take(message: Uint8Array): void {
    if (this.ended) return;
    if (this.#isPaused) this.#waiting.push(message);
    else this.#onMessage?.(message);
  }

  /** The client will send nothing more. */
  takeEnd(): void {
    if (!this.ended) this.#onEnd?.();
  }

  /** The client is gone. */
  cancel(): void {
    if (this.ended) return;
    this.ended = true;
    this.#onCancel?.("cancelled");
  }

  onCancel(listener: CancelListener): void {
    this.#onCancel = listener;
  }

  onMessage(listener: (message: Uint8Array) => void): void {
    this.#onMessage = listener;
  }

  onEnd(listener: () => void): void {
    this.#onEnd = listener;
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  /** The client takes nothing from its connection. */
  starve(): void {
    this.#isStarved = true;
  }

  feed(): void {
    this.#isStarved = false;
    const hadToWait = this.congested;
    for (const message of this.#unsent.splice(0)) this.#events.onMessage(message);
    this.#bufferedBytes = 0;
    this.#lastBytes = 0;
    if (hadToWait && !this.ended) this.#onDrain?.();
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Without the last message, which alone may go beyond the limit. */
  get bufferedBytesBefore(): number {
    return this.#bufferedBytes - this.#lastBytes;
  }

  get congested(): boolean {
    return this.#bufferedBytes > BUFFERED_BYTES_MAX;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    for (const message of this.#waiting.splice(0)) this.take(message);
  }

  setHeader(): void {}

  setTrailer(): void {}

  reply(message: Uint8Array, start = 0, end: number = message.length): void {
    this.send(message.subarray(start, end));
    this.end();
  }

  replyParts(parts: readonly Uint8Array[]): void {
    this.reply(Buffer.concat(parts));
  }

  send(message: Uint8Array): boolean {
    if (this.ended) return true;
    if (!this.#isStarved) {
      this.#events.onMessage(message.slice());
      return true;
    }
    this.#unsent.push(message.slice());
    this.#bufferedBytes += message.length;
    this.#lastBytes = message.length;
    return !this.congested;
  }

  sendParts(parts: readonly Uint8Array[]): boolean {
    return this.send(Buffer.concat(parts));
  }

  end(): void {
    this.#finish(GrpcStatus.Ok, "");
  }

  fail(code: number, message: string): void {
    this.#finish(code, message);
  }

  #finish(code: number, text: string): void {
    if (this.ended) return;
    this.ended = true;
    this.#events.onEnd(code, text);
  }
}

/** Begins a call in the process. The bytes are lent: handlers that keep them copy them. */
export function startCall(method: Method, call: SimCall, message: Uint8Array | undefined): void {
  switch (method.kind) {
    case "unary":
    case "server-stream":
      method.handler(call, message ?? new Uint8Array(0));
      return;
    case "client-stream":
    case "bidi":
      method.handler(call);
  }
}
