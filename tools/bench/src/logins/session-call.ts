/** Unary calls on an open session of Node's own HTTP/2: many at once, and with a token. */
import type { ClientHttp2Session } from "node:http2";
import { frame, framePrefixBytes } from "../messages.js";

const callTimeoutMs = 240_000;

/** @returns the reply's message. @throws Error for a status other than 0. */
export function callOn(
  session: ClientHttp2Session,
  path: string,
  message: Uint8Array,
  token?: string,
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
    let reason: unknown;
    const read = (headers: Record<string, unknown>): void => {
      status = headers["grpc-status"] ?? status;
      reason = headers["grpc-message"] ?? reason;
    };
    stream.setTimeout(callTimeoutMs, () => reject(new Error(`${path}: no reply`)));
    stream.on("response", read);
    stream.on("trailers", read);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("close", () => {
      if (status === "0") resolve(Buffer.concat(chunks).subarray(framePrefixBytes));
      else reject(new Error(`${path}: grpc-status ${String(status)}: ${String(reason)}`));
    });
    stream.end(frame(message));
  });
}
