/** Member 2 for tests, without a transport: it answers posts and dials with a fixed status, and dials streams when told to. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import type { Message } from "@quorate/raft";
import { decodeWholeMessage, MalformedMessage } from "../codec/message-decoder.js";
import { createMessageStreamDecoder, MsgAppDecoder } from "../codec/stream-decoder.js";
import { createMessageStreamEncoder, MsgAppEncoder } from "../codec/stream-encoder.js";
import { UnitDecoder } from "../codec/unit-decoder.js";
import type { StreamKind } from "../stream-kind.js";
import { until, type PeerNode } from "./peer-node.js";

export interface ScriptedPost {
  readonly path: string;
  /** Of posts of single messages; null when the body is something else. */
  readonly message: Message | null;
}

export class ScriptedPeer {
  url = "";
  postStatus = 204;
  postText = "";
  /** 200 keeps the stream open. */
  streamStatus = 404;
  namesVersion = true;
  /** Whether databases are read; else their connections stay open and nothing is taken from them. */
  takesDatabases = true;
  readonly posts: ScriptedPost[] = [];
  /** Paths of the streams that others have dialled. */
  readonly dials: string[] = [];
  readonly #server: Server;
  readonly #dialled: DialledStream[] = [];
  readonly #open = new Map<string, ServerResponse>();

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(): Promise<ScriptedPeer> {
    const peer = new ScriptedPeer();
    await new Promise<void>((resolve) => peer.#server.listen(0, "127.0.0.1", resolve));
    peer.url = `http://127.0.0.1:${(peer.#server.address() as AddressInfo).port}`;
    return peer;
  }

  /** Dials a stream of `node`, and resolves once the node has plugged it in. */
  async dial(node: PeerNode, kind: StreamKind): Promise<DialledStream> {
    const established = (): number => node.told("established TCP streaming connection with remote peer");
    const before = established();
    const stream = new DialledStream(node.url, kind);
    this.#dialled.push(stream);
    await until(() => established() > before);
    return stream;
  }

  /** Writes to the stream of this kind that was dialled last. */
  write(kind: StreamKind, message: Message): void {
    const encoder = kind === "msgapp" ? new MsgAppEncoder() : createMessageStreamEncoder();
    this.#open.get(kind)?.write(encoder.encode([message]));
  }

  writeLinkHeartbeats(): void {
    this.#open.get("message")?.write(createMessageStreamEncoder().linkHeartbeat);
    this.#open.get("msgapp")?.write(new MsgAppEncoder().linkHeartbeat);
  }

  async stop(): Promise<void> {
    for (const stream of this.#dialled) stream.cut();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? "";
    if (path === "/raft/snapshot" && !this.takesDatabases) return;
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      if (request.method === "POST") {
        const message = path === "/raft" ? decodeWholeMessage(Buffer.concat(parts)) : null;
        this.posts.push({ path, message: message instanceof MalformedMessage ? null : message });
        response.writeHead(this.postStatus).end(this.postText);
      } else if (path.startsWith("/raft/stream/")) {
        this.#answerStream(path, response);
      } else {
        response.writeHead(404).end();
      }
    });
  }

  #answerStream(path: string, response: ServerResponse): void {
    this.dials.push(path);
    response.writeHead(this.streamStatus, this.namesVersion ? { "X-Server-Version": "3.7.0" } : {});
    if (this.streamStatus !== 200) {
      response.end();
      return;
    }
    response.flushHeaders();
    this.#open.set(path.split("/")[3] ?? "", response);
  }
}

/** A stream that the scripted peer has dialled: what came over it. */
export class DialledStream {
  readonly messages: Message[] = [];
  closed = false;
  readonly #socket: Socket;

  constructor(url: string, kind: StreamKind) {
    const take = (message: Message): void => void this.messages.push(message);
    const decoder =
      kind === "msgapp"
        ? new UnitDecoder(new MsgAppDecoder({ local: 2n, remote: 1n }, take))
        : createMessageStreamDecoder(take);
    const { hostname, port, host } = new URL(url);
    this.#socket = connect(Number(port), hostname);
    const body = new ChunkReader((bytes) => decoder.push(bytes));
    this.#socket.on("data", (bytes: Buffer) => body.push(bytes));
    this.#socket.on("error", () => undefined);
    this.#socket.on("close", () => (this.closed = true));
    this.#socket.write(
      `GET /raft/stream/${kind}/2 HTTP/1.1\r\nHost: ${host}\r\nX-Server-From: 2\r\nX-Server-Version: 3.7.0\r\n` +
        "X-Min-Cluster-Version: 3.0.0\r\nX-Etcd-Cluster-ID: c1\r\nX-Raft-To: 1\r\n\r\n",
    );
  }

  /** Reads nothing more. */
  pause(): void {
    this.#socket.pause();
  }

  cut(): void {
    this.#socket.destroy();
  }
}

/** Takes the chunked coding of an HTTP answer apart, as far as streams use it. */
class ChunkReader {
  #rest: Buffer = Buffer.alloc(0);
  #inBody = false;
  readonly #take: (bytes: Buffer) => void;

  constructor(take: (bytes: Buffer) => void) {
    this.#take = take;
  }

  push(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    if (!this.#inBody) {
      const end = this.#rest.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.#inBody = true;
      this.#rest = this.#rest.subarray(end + 4);
    }
    for (let end = this.#rest.indexOf("\r\n"); end > 0; end = this.#rest.indexOf("\r\n")) {
      const length = Number.parseInt(this.#rest.toString("latin1", 0, end), 16);
      const next = end + 2 + length + 2;
      if (this.#rest.length < next) return;
      this.#take(this.#rest.subarray(end + 2, end + 2 + length));
      this.#rest = this.#rest.subarray(next);
    }
  }
}
