/** Calls of the client half as tests want them: promises, and everything that was told. */
import type {
  CallEnd,
  CallEvents,
  CallRequest,
  ClientCall,
  GrpcChannelOptions,
  Metadata,
} from "../client.js";
import { GrpcChannel } from "../client.js";

/** A channel to a port of the loopback. */
export function openChannel(port: number, options: Partial<GrpcChannelOptions> = {}): GrpcChannel {
  return new GrpcChannel({
    address: { host: "127.0.0.1", port },
    authority: `localhost:${port}`,
    ...options,
  });
}

export interface UnaryResult {
  readonly end: CallEnd;
  readonly message: Uint8Array | undefined;
}

/** One unary call of `test.Echo`, or of a whole path. */
export function unary(
  channel: GrpcChannel,
  method: string,
  body: Uint8Array | string = "",
  request: Partial<CallRequest> = {},
): Promise<UnaryResult> {
  const message: Uint8Array = typeof body === "string" ? Buffer.from(body) : body;
  return new Promise((resolve) => {
    channel.unary({ path: pathOf(method), ...request, message }, (end, answer) => {
      resolve({ end, message: answer });
    });
  });
}

/** A call that remembers what it is told. */
export class RecordedCall implements CallEvents {
  readonly call: ClientCall;
  readonly messages: Uint8Array[] = [];
  head: Metadata | undefined;
  end: CallEnd | undefined;
  drains = 0;
  /** Resolves with the end. */
  readonly ended: Promise<CallEnd>;
  /** Told of each message, before it is kept. */
  onEach: () => void = () => undefined;
  #resolve: (end: CallEnd) => void = () => undefined;

  constructor(channel: GrpcChannel, method: string, request: Partial<CallRequest> = {}) {
    this.ended = new Promise((resolve) => (this.#resolve = resolve));
    this.call = channel.startCall({ path: pathOf(method), ...request }, this);
  }

  onHead(metadata: Metadata): void {
    this.head = metadata;
  }

  onMessage(message: Uint8Array): void {
    this.onEach();
    this.messages.push(message);
  }

  onDrain(): void {
    this.drains++;
  }

  onEnd(end: CallEnd): void {
    if (this.end !== undefined) throw new Error("told of its end twice");
    this.end = end;
    this.#resolve(end);
  }
}

function pathOf(method: string): string {
  return method.startsWith("/") ? method : `/test.Echo/${method}`;
}

export function textOf(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString("utf8");
}
