/**
 * HTTP servers that do not listen but are handed their connections, with two things that Node gives only to those that listen: a time
 * limit for the headers of a request, from the begin of the connection or from its last answer, and a way to end all connections.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** From now on `closeAllConnections` ends all connections, and slow ones end by themselves. */
export function ownConnections(server: Server, headersTimeoutMs: number): void {
  const connections = new Map<Socket, Held>();
  const stopTimer = (held: Held | undefined): void => clearTimeout(held?.timer);
  const restart = (socket: Socket): void => {
    const held = connections.get(socket);
    if (held === undefined || held.openRequests > 0) return;
    stopTimer(held);
    held.timer = setTimeout(() => socket.destroy(), headersTimeoutMs).unref();
  };
  server.on("connection", (socket: Socket) => {
    // Handed back: see `takeUpgrades`.
    if (connections.has(socket)) return restart(socket);
    connections.set(socket, { timer: undefined, openRequests: 0 });
    restart(socket);
    socket.on("close", () => {
      stopTimer(connections.get(socket));
      connections.delete(socket);
    });
  });
  server.on("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
    const held = connections.get(socket);
    if (held === undefined) return;
    held.openRequests += 1;
    stopTimer(held);
    response.on("close", () => {
      held.openRequests -= 1;
      restart(socket);
    });
  });
  // What else is spoken there has its own limits.
  server.on("upgrade", (_request: IncomingMessage, socket: Socket) => stopTimer(connections.get(socket)));
  server.closeAllConnections = (): void => {
    for (const socket of [...connections.keys()]) socket.destroy();
  };
}

interface Held {
  timer: NodeJS.Timeout | undefined;
  /** Not answered yet: several when they came one behind the other. */
  openRequests: number;
}
