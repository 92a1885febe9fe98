/** A server that says whatever a test wants, byte by byte, and remembers what it was told. */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { frame, PREFACE, settings, type FrameHead } from "../../conformance/testing/frames.js";
import { HpackEncoder, type HeaderField } from "../../hpack/hpack-encoder.js";

export interface ReceivedFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** One connection of a client. */
export class RawPeer {
  readonly socket: Socket;
  readonly frames: ReceivedFrame[] = [];
  readonly encoder: HpackEncoder = new HpackEncoder();
  isClosed = false;
  #bytes: Buffer = Buffer.alloc(0);
  #hasPreface = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#read(chunk);
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.isClosed = true;
    });
  }

  /** The frames of one type, in order. */
  of(type: number): readonly ReceivedFrame[] {
    return this.frames.filter((each) => each.type === type);
  }

  send(...frames: readonly Uint8Array[]): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(frames));
  }

  frame(head: FrameHead, payload?: Uint8Array): void {
    this.send(frame(head, payload));
  }

  block(fields: readonly (readonly [name: string, value: string])[]): Uint8Array {
    return this.encoder.encode(fields.map(([name, value]): HeaderField => ({ name, value })));
  }

  #read(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    if (!this.#hasPreface) {
      if (this.#bytes.length < PREFACE.length) return;
      if (!this.#bytes.subarray(0, PREFACE.length).equals(PREFACE)) throw new Error("no preface");
      this.#hasPreface = true;
      this.#bytes = this.#bytes.subarray(PREFACE.length);
    }
    while (this.#bytes.length >= 9) {
      const end = 9 + this.#bytes.readUIntBE(0, 3);
      if (this.#bytes.length < end) return;
      this.frames.push({
        type: this.#bytes[3] ?? 0,
        flags: this.#bytes[4] ?? 0,
        streamId: this.#bytes.readUInt32BE(5),
        payload: this.#bytes.subarray(9, end),
      });
      this.#bytes = this.#bytes.subarray(end);
    }
  }
}

export class RawServer {
  readonly peers: RawPeer[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param greet called for each connection; the default says SETTINGS as a server should. */
  static async start(greet: (peer: RawPeer) => void = (peer) => peer.send(settings())): Promise<RawServer> {
    const server = createServer();
    const raw = new RawServer(server);
    server.on("connection", (socket) => {
      const peer = new RawPeer(socket);
      raw.peers.push(peer);
      greet(peer);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return raw;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const { socket } of this.peers) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
