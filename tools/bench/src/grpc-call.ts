/**
 * Single unary calls over Node's own HTTP/2, to ask whether a server answers, and answers rightly. Not for load.
 */
import { connect, type ClientHttp2Session } from "node:http2";
import { frame, framePrefixBytes } from "./messages.js";

const TIMEOUT_MS = 10_000;

/** A reply other than OK. */
export class GrpcError extends Error {
  override readonly name = "GrpcError";
  readonly status: string;

  constructor(status: string, message: string) {
    super(`grpc-status ${status}: ${message}`);
    this.status = status;
  }
}

export interface UnaryCall {
  readonly path: string;
  readonly message: Uint8Array;
  /** Of who calls. */
  readonly token?: string;
  /** Without a sign of life. */
  readonly timeoutMs?: number;
}

/**
 * Calls on a session that is open.
 * @returns the reply's message.
 * @throws GrpcError for a status other than 0; after the time, an Error.
 */
export function callOn(
  session: ClientHttp2Session,
  { path, message, token, timeoutMs = TIMEOUT_MS }: UnaryCall,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...(token === undefined ? {} : { token }),
    });
    const chunks: Buffer[] = [];
    let status: unknown;
    let text: unknown;
    const read = (headers: Record<string, unknown>): void => {
      status = headers["grpc-status"] ?? status;
      text = headers["grpc-message"] ?? text;
    };
    stream.setTimeout(timeoutMs, () => reject(new Error(`${path}: no reply within ${timeoutMs} ms`)));
    stream.on("response", read);
    stream.on("trailers", read);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("close", () => {
      if (status === "0") resolve(Buffer.concat(chunks).subarray(framePrefixBytes));
      else reject(new GrpcError(String(status ?? "missing"), String(text ?? "")));
    });
    stream.end(frame(message));
  });
}

/**
 * Calls `path` on 127.0.0.1 with one message.
 * @returns the reply's message.
 * @throws what `callOn` throws; the socket's error when nobody listens.
 */
export async function callUnary(
  port: number,
  path: string,
  message: Uint8Array,
  timeoutMs: number = TIMEOUT_MS,
): Promise<Uint8Array> {
  const client = connect(`http://127.0.0.1:${port}`);
  try {
    return await new Promise((resolve, reject) => {
      client.on("error", reject);
      callOn(client, { path, message, timeoutMs }).then(resolve, reject);
    });
  } finally {
    client.destroy();
  }
}
