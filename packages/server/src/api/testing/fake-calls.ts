/** Calls that remember what they were answered, and a client that makes them. */
import type { ServerStreamCall, UnaryCall, CancelListener, Metadata, Method } from "@quorate/rpc";

export class FakeMetadata implements Metadata {
  readonly #values: Readonly<Record<string, string>>;

  constructor(values: Readonly<Record<string, string>> = {}) {
    this.#values = values;
  }

  get(name: string): string | undefined {
    return this.#values[name];
  }

  getAll(name: string): readonly string[] {
    const value = this.#values[name];
    return value === undefined ? [] : [value];
  }

  getBytes(): Uint8Array | undefined {
    return undefined;
  }

  entries(): Iterable<readonly [string, string]> {
    return Object.entries(this.#values);
  }
}

/** Answer to a unary call, or the messages of a stream. */
export interface Answer {
  readonly messages: readonly Uint8Array[];
  /** Undefined for status OK. */
  readonly error: { readonly code: number; readonly message: string } | undefined;
}

/** A call of either kind; `answer` resolves when it has ended. */
export class FakeCall implements UnaryCall, ServerStreamCall {
  readonly path = "/test";
  readonly metadata: Metadata;
  readonly deadlineMs = undefined;
  readonly peer = "127.0.0.1:1";
  readonly peerCommonName = undefined;
  readonly authority = "localhost";
  readonly bufferedBytes = 0;
  readonly answer: Promise<Answer>;
  ended = false;
  /** Set by tests: this client leaves too much unread. */
  congested = false;
  /** What `send` says: false makes the sender wait for `drain`. */
  hasRoom = true;
  readonly messages: Uint8Array[] = [];
  #resolve: (answer: Answer) => void = () => undefined;
  #cancelListener: CancelListener | undefined;
  #drainListener: (() => void) | undefined;

  constructor(metadata: Metadata) {
    this.metadata = metadata;
    this.answer = new Promise((resolve) => (this.#resolve = resolve));
  }

  onCancel(listener: CancelListener): void {
    if (this.#cancelListener !== undefined) throw new Error("a second cancel listener");
    this.#cancelListener = listener;
  }

  onDrain(listener: () => void): void {
    this.#drainListener = listener;
  }

  drain(): void {
    this.hasRoom = true;
    this.#drainListener?.();
  }

  cancel(): void {
    this.#finish(undefined);
    this.#cancelListener?.("cancelled");
  }

  setHeader(): void {
    throw new Error("no service sets headers");
  }

  setTrailer(): void {
    throw new Error("no service sets trailers");
  }

  reply(message: Uint8Array, start = 0, end = message.length): void {
    if (this.ended) return;
    this.messages.push(message.slice(start, end));
    this.#finish(undefined);
  }

  replyParts(parts: readonly Uint8Array[]): void {
    this.reply(new Uint8Array(Buffer.concat(parts)));
  }

  send(message: Uint8Array): boolean {
    if (!this.ended) this.messages.push(message.slice());
    return this.hasRoom;
  }

  sendParts(parts: readonly Uint8Array[]): boolean {
    return this.send(new Uint8Array(Buffer.concat(parts)));
  }

  end(): void {
    this.#finish(undefined);
  }

  fail(code: number, message: string): void {
    this.#finish({ code, message });
  }

  #finish(error: Answer["error"]): void {
    if (this.ended) return;
    this.ended = true;
    this.#resolve({ messages: this.messages, error });
  }
}

/** Calls methods the way a transport does: the message is valid only until the handler returns. */
export class FakeTransport {
  readonly #methods = new Map<string, Method>();

  addService(serviceName: string, methods: Readonly<Record<string, Method>>): void {
    for (const [name, method] of Object.entries(methods)) this.#methods.set(`${serviceName}/${name}`, method);
  }

  get paths(): string[] {
    return [...this.#methods.keys()].sort();
  }

  method(path: string): Method {
    const method = this.#methods.get(path);
    if (method === undefined) throw new Error(`no method ${path}`);
    return method;
  }

  /** Starts a call. */
  start(path: string, message: Uint8Array, metadata: Readonly<Record<string, string>> = {}): FakeCall {
    const method = this.#methods.get(path);
    const call = new FakeCall(new FakeMetadata(metadata));
    const lent = message.slice();
    if (method?.kind === "unary") method.handler(call, lent);
    else if (method?.kind === "server-stream") method.handler(call, lent);
    else throw new Error(`no method ${path}`);
    lent.fill(0xee);
    return call;
  }

  call(path: string, message: Uint8Array, metadata: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.start(path, message, metadata).answer;
  }
}
