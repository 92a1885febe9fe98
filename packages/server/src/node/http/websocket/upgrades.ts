/**
 * Who wants to speak something other than HTTP on a connection: WebSockets of the gateway are let through, all else is served as if it had
 * not asked, as Go's server does (`curl --http2` asks for h2c, and is content with less).
 */
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";

/** Says that the connection is about to change what it speaks. */
const HOP_HEADERS: ReadonlySet<string> = new Set(["upgrade", "http2-settings"]);

/** @param takeWebSocket @returns false when it is none of its business. */
export function takeUpgrades(
  server: Server,
  takeWebSocket: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean,
): void {
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (isWebSocket(request) && takeWebSocket(request, socket, head)) return;
    socket.unshift(Buffer.concat([headOf(request), head]));
    server.emit("connection", socket);
  });
}

function isWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === "websocket";
}

/** The request's own bytes, but for its wish. */
function headOf({ method = "GET", url = "/", httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? "";
    const value = rawHeaders[i + 1] ?? "";
    const lower = name.toLowerCase();
    if (lower === "connection") lines.push(`${name}: ${withoutUpgrade(value)}`);
    else if (!HOP_HEADERS.has(lower)) lines.push(`${name}: ${value}`);
  }
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}

function withoutUpgrade(connection: string): string {
  const options = connection.split(",").map((option) => option.trim());
  const rest = options.filter((option) => !HOP_HEADERS.has(option.toLowerCase()));
  return rest.length === 0 ? "keep-alive" : rest.join(", ");
}
