/**
 * The gateway over WebSockets: a message in is a JSON request, a message out a line of the answer; the end of the answer ends the
 * connection. Source: etcd `server/embed/serve.go` and the grpc-websocket-proxy that it puts before its gateway; operations 7.4.
 *
 * A page can set no headers here: its token comes as a sub-protocol (`Bearer, <token>`) or in a cookie named `token`.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable, Writable } from "node:stream";
import type { Duplex } from "node:stream";
import type { WebSocket, WebSocketServer } from "ws";

/** The server's half of a stream in memory: what is not taken by then holds the socket back. */
const WAITING_BYTES_MAX = 64 * 1024;
const NORMAL_CLOSURE = 1000;
const GOING_AWAY = 1001;
/** Headers that go on to the gateway. */
const KEPT_HEADERS: readonly string[] = ["origin", "referer", "user-agent", "host"];

export interface GatewaySocketsOptions {
  /** Of one message. */
  readonly messageBytesMax: number;
  /** Answers one request as the gateway does. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
}

export class GatewaySockets {
  readonly #options: GatewaySocketsOptions;
  readonly #open = new Set<WebSocket>();
  #server: WebSocketServer | undefined;
  #loading: Promise<WebSocketServer> | undefined;
  #isClosed = false;

  constructor(options: GatewaySocketsOptions) {
    this.#options = options;
  }

  take(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => undefined);
    // Loaded for those alone who want it: a start should not wait for it.
    this.#loading ??= this.#load();
    const upgrade = (server: WebSocketServer): void => {
      if (this.#isClosed || socket.destroyed) socket.destroy();
      else server.handleUpgrade(request, socket, head, (webSocket) => this.#serve(request, webSocket));
    };
    if (this.#server !== undefined) upgrade(this.#server);
    else this.#loading.then(upgrade, () => socket.destroy());
  }

  /** Ends all connections, and takes no more. */
  close(): void {
    this.#isClosed = true;
    for (const webSocket of this.#open) {
      webSocket.close(GOING_AWAY);
      webSocket.terminate();
    }
  }

  async #load(): Promise<WebSocketServer> {
    const { WebSocketServer: Loaded } = await import("ws");
    this.#server = new Loaded({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: this.#options.messageBytesMax,
      // Whoever offers a token is told that it was understood.
      handleProtocols: (protocols) => (protocols.has("Bearer") ? "Bearer" : false),
    });
    return this.#server;
  }

  #serve(upgrade: IncomingMessage, webSocket: WebSocket): void {
    this.#open.add(webSocket);
    const request = new SocketRequest(upgrade, webSocket);
    const response = new SocketResponse(request, webSocket);
    webSocket.on("error", () => undefined);
    webSocket.on("close", () => {
      this.#open.delete(webSocket);
      request.push(null);
      response.destroy();
    });
    // Streams that have what the gateway uses of HTTP's.
    this.#options.handle(request as unknown as IncomingMessage, response as unknown as ServerResponse);
  }
}

/** The messages of a socket as the body of a POST. */
class SocketRequest extends Readable {
  readonly method = "POST";
  readonly url: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly rawHeaders: readonly string[];
  readonly socket: IncomingMessage["socket"];
  readonly #webSocket: WebSocket;

  constructor(upgrade: IncomingMessage, webSocket: WebSocket) {
    super({ highWaterMark: WAITING_BYTES_MAX });
    this.#webSocket = webSocket;
    this.url = upgrade.url;
    this.socket = upgrade.socket;
    this.headers = headersOf(upgrade);
    this.rawHeaders = Object.entries(this.headers).flat();
    webSocket.on("message", (payload: Buffer) => {
      if (!this.push(Buffer.concat([payload, NEWLINE]))) webSocket.pause();
    });
  }

  override _read(): void {
    if (this.#webSocket.isPaused) this.#webSocket.resume();
  }
}

const NEWLINE = Buffer.from("\n");

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const kept = KEPT_HEADERS.flatMap((name) => {
    const value = headers[name];
    return typeof value === "string" ? [[name, value] as const] : [];
  });
  const authorization = tokenIn(headers);
  return { ...Object.fromEntries(kept), ...(authorization === undefined ? {} : { authorization }) };
}

function tokenIn({ cookie = "", ...headers }: IncomingMessage["headers"]): string | undefined {
  const [, inCookie] = /(?:^|;\s*)token=([^;]*)/.exec(cookie) ?? [];
  if (inCookie !== undefined) return `Bearer ${inCookie}`;
  const [, inProtocol] = /Bearer,(.*)$/s.exec(headers["sec-websocket-protocol"] ?? "") ?? [];
  return inProtocol === undefined ? undefined : `Bearer ${inProtocol.trim()}`;
}

/** An answer line by line: each is a message. */
class SocketResponse extends Writable {
  statusCode = 200;
  readonly req: SocketRequest;
  readonly #webSocket: WebSocket;
  #rest = "";

  constructor(request: SocketRequest, webSocket: WebSocket) {
    super({ highWaterMark: WAITING_BYTES_MAX, decodeStrings: false });
    this.req = request;
    this.#webSocket = webSocket;
  }

  /** There is nowhere to put one. */
  setHeader(): this {
    return this;
  }

  override _write(
    chunk: string | Buffer,
    _encoding: BufferEncoding,
    done: (error?: Error | null) => void,
  ): void {
    const lines = (this.#rest + chunk.toString()).split("\n");
    this.#rest = lines.pop() ?? "";
    this.#send(lines.join("\n"), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#send(this.#rest, () => {
      this.#webSocket.close(NORMAL_CLOSURE);
      done();
    });
  }

  /** @param text lines of which each is a message. @param done when they have been handed to the system. */
  #send(text: string, done: (error?: Error | null) => void): void {
    const lines = text.split("\n").filter((line) => line !== "");
    const last = lines.pop();
    if (last === undefined) return done();
    for (const line of lines) this.#webSocket.send(line);
    // A socket that has closed takes nothing more, which is no fault of the answer's.
    this.#webSocket.send(last, () => done());
  }
}
