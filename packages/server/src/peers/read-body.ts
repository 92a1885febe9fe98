/** Bodies that fit into memory, read whole within a bound of bytes and of silence. */
import type { IncomingMessage } from "node:http";
import { BODY_READ_TIMEOUT_MS } from "./limits.js";

/** The body is larger than was allowed; the rest of it has not been read. */
export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";
}

/**
 * Resolves with the whole body. Rejects with `BodyTooLargeError`, or with the connection's error when the body ends early
 * or brings nothing for `BODY_READ_TIMEOUT_MS`.
 */
export function readBody(message: IncomingMessage, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let total = 0;
    const silence = setTimeout(() => message.destroy(new Error("i/o timeout")), BODY_READ_TIMEOUT_MS);
    const end = (finish: () => void): void => {
      clearTimeout(silence);
      message.off("data", onData);
      finish();
    };
    const onData = (chunk: Buffer): void => {
      silence.refresh();
      total += chunk.length;
      if (total <= bytesMax) {
        parts.push(chunk);
        return;
      }
      message.pause();
      end(() => reject(new BodyTooLargeError("body too large")));
    };
    message.on("data", onData);
    message.once("end", () => end(() => resolve(Buffer.concat(parts, total))));
    message.once("error", (error) => end(() => reject(error)));
    message.once("close", () => end(() => reject(new Error("unexpected EOF"))));
  });
}

export async function readText(message: IncomingMessage, bytesMax: number): Promise<string> {
  return (await readBody(message, bytesMax)).toString("utf8");
}
