/**
 * A gRPC client connection for load that h2load cannot make: another body for every request, and streams of events.
 *
 * It parses just enough HTTP/2: frame headers, windows, pings. Header blocks received are not decoded; a unary call succeeded
 * if data came before its end, because a gRPC refusal carries none. One method per connection, so that its header block is six
 * bytes from the second request on, as other clients send it.
 */
import { connect, type Socket } from "node:net";
import { frame } from "./messages.js";

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const frameHeaderBytes = 9;
/** The default of both sides until told otherwise. */
const frameBytesMax = 16_384;
/** Windows we grant: never the bottleneck. */
const receiveWindowBytes = 1 << 30;
/** Windows we are granted before any update. */
const initialSendWindowBytes = 65_535;
const connectTimeoutMs = 30_000;

const FrameType = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
} as const;
const endStream = 1;
const endHeaders = 4;
const ack = 1;

/** What happens to streams; called while the socket's chunk is being read. */
export interface StreamListener {
  /** Bytes of a DATA frame; a view that is valid during the call only. */
  onData(stream: number, bytes: Uint8Array): void;
  onEnd(stream: number): void;
}

export class H2Connection {
  readonly #socket: Socket;
  readonly #listener: StreamListener;
  readonly #firstBlock: Uint8Array;
  readonly #grantsWindows: boolean;
  #nextStream = 1;
  #sendWindowBytes = initialSendWindowBytes;
  #receivedBytes = 0;
  #pending: Buffer = Buffer.alloc(0);
  #waiting: Buffer[] = [];
  #corked: Buffer[] = [];
  #failure: Error | undefined;
  #onFailure: ((error: Error) => void) | undefined;

  private constructor(socket: Socket, block: Uint8Array, listener: StreamListener, grantsWindows: boolean) {
    this.#socket = socket;
    this.#firstBlock = block;
    this.#listener = listener;
    this.#grantsWindows = grantsWindows;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("the server closed the connection")));
    const opening = grantsWindows
      ? [settingsFrame(receiveWindowBytes), windowUpdateFrame(receiveWindowBytes - initialSendWindowBytes)]
      : [settingsFrame(initialSendWindowBytes)];
    socket.write(Buffer.concat([Buffer.from(preface, "latin1"), ...opening]));
  }

  /**
   * Connects to 127.0.0.1 for calls of `path`. Without `grantsWindows` the server may send what the protocol allows at first,
   * and is never allowed more: a reader that has stalled.
   */
  static open(
    port: number,
    path: string,
    listener: StreamListener,
    { grantsWindows = true }: { readonly grantsWindows?: boolean } = {},
  ): Promise<H2Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1" });
      const timer = setTimeout(() => socket.destroy(new Error("connecting took too long")), connectTimeoutMs);
      socket.once("error", reject);
      socket.once("connect", () => {
        clearTimeout(timer);
        socket.off("error", reject);
        resolve(new H2Connection(socket, headerBlock(path, `127.0.0.1:${port}`), listener, grantsWindows));
      });
    });
  }

  /** Called once when the connection or one of its streams breaks, at once if it has. */
  onFailure(listener: (error: Error) => void): void {
    this.#onFailure = listener;
    if (this.#failure !== undefined) listener(this.#failure);
  }

  /**
   * Starts a call with one message, and half-closes it unless `open`. Sent with the next `flush`, messages at once when the
   * server's connection window allows.
   * @returns the stream's number.
   */
  call(message: Uint8Array, { open = false }: { readonly open?: boolean } = {}): number {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    const body = frame(message);
    if (body.length > initialSendWindowBytes)
      throw new Error(`a message of ${body.length} bytes needs more than a stream's first window`);
    const block = stream === 1 ? this.#firstBlock : repeatedBlock;
    this.#corked.push(frameHeader(block.length, FrameType.headers, endHeaders, stream), Buffer.from(block));
    this.#sendBody(stream, body, open);
    return stream;
  }

  /** Sends a further message on a stream that was left open. */
  send(stream: number, message: Uint8Array): void {
    this.#sendBody(stream, frame(message), true);
  }

  flush(): void {
    if (this.#corked.length === 0) return;
    this.#socket.write(Buffer.concat(this.#corked));
    this.#corked = [];
  }

  close(): void {
    this.#onFailure = undefined;
    this.#socket.destroy();
  }

  #sendBody(stream: number, body: Uint8Array, open: boolean): void {
    for (let offset = 0; offset < body.length; offset += frameBytesMax) {
      const part = body.subarray(offset, offset + frameBytesMax);
      const last = offset + part.length === body.length;
      const header = frameHeader(part.length, FrameType.data, last && !open ? endStream : 0, stream);
      this.#waiting.push(Buffer.concat([header, part]));
    }
    this.#drain();
  }

  /** Frames leave in order; the first that does not fit the window holds up the rest. */
  #drain(): void {
    let sent = 0;
    for (const part of this.#waiting) {
      const bytes = part.length - frameHeaderBytes;
      if (bytes > this.#sendWindowBytes) break;
      this.#sendWindowBytes -= bytes;
      this.#corked.push(part);
      sent++;
    }
    if (sent > 0) this.#waiting.splice(0, sent);
  }

  #read(chunk: Buffer): void {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    let offset = 0;
    while (bytes.length - offset >= frameHeaderBytes) {
      const length = bytes.readUIntBE(offset, 3);
      const end = offset + frameHeaderBytes + length;
      if (end > bytes.length) break;
      this.#readFrame(bytes.subarray(offset, end));
      offset = end;
    }
    // A copy: the rest must not keep the whole chunk alive, nor be overwritten with it.
    this.#pending = offset === bytes.length ? empty : Buffer.from(bytes.subarray(offset));
    this.flush();
  }

  #readFrame(bytes: Buffer): void {
    const type = bytes[3];
    const flags = bytes[4]!;
    const stream = bytes.readUInt32BE(5);
    const payload = bytes.subarray(frameHeaderBytes);
    if (type === FrameType.data) {
      this.#receivedBytes += payload.length;
      this.#listener.onData(stream, payload);
      if (this.#grantsWindows && this.#receivedBytes > receiveWindowBytes / 2) {
        this.#corked.push(windowUpdateFrame(this.#receivedBytes));
        this.#receivedBytes = 0;
      }
    } else if (type === FrameType.settings && (flags & ack) === 0) {
      this.#corked.push(frameHeader(0, FrameType.settings, ack, 0));
    } else if (type === FrameType.ping && (flags & ack) === 0) {
      this.#corked.push(frameHeader(payload.length, FrameType.ping, ack, 0), Buffer.from(payload));
    } else if (type === FrameType.windowUpdate && stream === 0) {
      this.#sendWindowBytes += payload.readUInt32BE(0);
      this.#drain();
    } else if (type === FrameType.rstStream || type === FrameType.goaway) {
      this.#fail(
        new Error(`the server sent ${type === FrameType.goaway ? "GOAWAY" : `RST_STREAM for ${stream}`}`),
      );
    }
    const mayEnd = type === FrameType.data || type === FrameType.headers;
    if (mayEnd && (flags & endStream) !== 0) this.#listener.onEnd(stream);
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#onFailure?.(error);
    this.#socket.destroy();
  }
}

const empty = Buffer.alloc(0);

/** The four fields of `headerBlock` that the server has remembered, newest first, behind the two of the static table. */
const repeatedBlock = Uint8Array.of(0x83, 0x86, 0x80 | 65, 0x80 | 64, 0x80 | 63, 0x80 | 62);

/** `:method POST`, `:scheme http`, and four literals that both sides add to their tables. */
function headerBlock(path: string, authority: string): Uint8Array {
  const remembered = (nameIndex: number, value: string): Buffer =>
    Buffer.concat([Buffer.of(0x40 | nameIndex, value.length), Buffer.from(value, "latin1")]);
  const newName = Buffer.concat([
    Buffer.of(0x40, 2),
    Buffer.from("te"),
    Buffer.of(8),
    Buffer.from("trailers"),
  ]);
  return Buffer.concat([
    Buffer.of(0x83, 0x86),
    remembered(4, path),
    remembered(1, authority),
    remembered(31, "application/grpc"),
    newName,
  ]);
}

function frameHeader(length: number, type: number, flags: number, stream: number): Buffer {
  const header = Buffer.alloc(frameHeaderBytes);
  header.writeUIntBE(length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return header;
}

/** Asks for no server push (2) and names the window per stream (4). */
function settingsFrame(windowBytes: number): Buffer {
  const payload = Buffer.alloc(12);
  payload.writeUInt16BE(2, 0);
  payload.writeUInt16BE(4, 6);
  payload.writeUInt32BE(windowBytes, 8);
  return Buffer.concat([frameHeader(payload.length, FrameType.settings, 0, 0), payload]);
}

function windowUpdateFrame(bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return Buffer.concat([frameHeader(payload.length, FrameType.windowUpdate, 0, 0), payload]);
}
