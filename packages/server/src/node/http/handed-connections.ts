/**
 * HTTP servers that do not listen but are handed their connections, with two things that Node gives only to those that listen: a time
 * limit for the headers of a request, from the begin of the connection or from its last answer, and a way to end all connections.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** From now on `closeAllConnections` ends all connections, and slow ones end by themselves. */
export function ownConnections(server: Server, headersTimeoutMs: number): void {
  const timers = new Map<Socket, NodeJS.Timeout | undefined>();
  const stopTimer = (socket: Socket): void => clearTimeout(timers.get(socket));
  const restart = (socket: Socket): void => {
    if (!timers.has(socket)) return;
    stopTimer(socket);
    timers.set(socket, setTimeout(() => socket.destroy(), headersTimeoutMs).unref());
  };
  server.on("connection", (socket: Socket) => {
    // Handed back: see `takeUpgrades`.
    if (timers.has(socket)) return restart(socket);
    timers.set(socket, undefined);
    restart(socket);
    socket.on("close", () => {
      stopTimer(socket);
      timers.delete(socket);
    });
  });
  server.on("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
    stopTimer(socket);
    response.on("finish", () => restart(socket));
  });
  // What else is spoken there has its own limits.
  server.on("upgrade", (_request: IncomingMessage, socket: Socket) => stopTimer(socket));
  server.closeAllConnections = (): void => {
    for (const socket of [...timers.keys()]) socket.destroy();
  };
}
