/** Plain TCP and plain HTTP/2, for what no gRPC client would ever send. */
import { connect as connectHttp2, constants } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { connect } from "node:net";
import type { Socket } from "node:net";

export const HTTP2_PREFACE: Buffer = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Opens a connection. Errors end it silently: what it is for is to be thrown out. */
export function openSocket(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.removeListener("error", reject);
      socket.on("error", () => undefined);
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

/** Sends bytes on a connection of their own and waits until the server closes it or `patienceMs` are over. */
export async function sendAndForget(port: number, bytes: Uint8Array, patienceMs: number): Promise<void> {
  const socket = await openSocket(port);
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, patienceMs);
    socket.on("close", () => {
      clearTimeout(timer);
      resolve();
    });
    socket.on("data", () => undefined);
    socket.write(bytes);
  });
  socket.destroy();
}

export function openSession(endpoint: string): ClientHttp2Session {
  const session = connectHttp2(`http://${endpoint}`);
  session.on("error", () => undefined);
  return session;
}

/** Begins a gRPC call whose messages are written as they are, framing included. */
export function openCall(
  session: ClientHttp2Session,
  path: string,
  headers: Record<string, string> = {},
): ClientHttp2Stream {
  const stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: "POST",
    [constants.HTTP2_HEADER_PATH]: path,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  stream.on("error", () => undefined);
  return stream;
}

/** A gRPC message: flag, length, body. Each can lie. */
export function frameMessage(body: Uint8Array, lie: { flag?: number; length?: number } = {}): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(lie.flag ?? 0, 0);
  head.writeUInt32BE(lie.length ?? body.length, 1);
  return Buffer.concat([head, body]);
}

/** Waits for a call's end. @returns its `grpc-status`, or undefined when it ended without one. */
export function readStatus(stream: ClientHttp2Stream): Promise<string | undefined> {
  return new Promise((resolve) => {
    let status: string | undefined;
    const remember = (headers: Record<string, unknown>): void => {
      const value = headers["grpc-status"];
      if (typeof value === "string") status = value;
    };
    stream.on("response", remember);
    stream.on("trailers", remember);
    stream.on("close", () => resolve(status));
    stream.resume();
  });
}
