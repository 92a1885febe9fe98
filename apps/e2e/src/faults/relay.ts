/**
 * A stretch of line that takes time: forwards TCP connections to one address and delivers every byte late, both ways.
 *
 * In user space, because the kernels that tests meet seldom have a delaying queue. Members reach each other through it when
 * it is their advertised peer address. Order is kept; what is on its way is bounded by stopping to read.
 */
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

/** Bytes on their way in one direction of one connection, above which the sender has to wait. */
const IN_FLIGHT_BYTES_MAX = 4 * 1024 * 1024;

export interface RelayTarget {
  readonly host: string;
  readonly port: number;
}

export class Relay {
  readonly port: number;
  /** Of each direction; may be changed while connections are open. */
  delayMs = 0;
  /** Added to it, by chance, for each piece. */
  jitterMs = 0;
  readonly #server: Server;
  readonly #target: RelayTarget;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, target: RelayTarget) {
    this.#server = server;
    this.#target = target;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket) => this.#accept(socket));
  }

  /** Listens on a free port of `address`. */
  static open(address: string, target: RelayTarget): Promise<Relay> {
    return new Promise((resolve, reject) => {
      const server = createServer({ noDelay: true, allowHalfOpen: true });
      server.once("error", reject);
      server.listen(0, address, () => resolve(new Relay(server, target)));
    });
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(near: Socket): void {
    const far = connect({ ...this.#target, noDelay: true, allowHalfOpen: true });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => this.#sockets.delete(socket));
      this.#forward(socket, other);
    }
  }

  #forward(from: Socket, to: Socket): void {
    // Timers may swap places with their neighbours; what they deliver may not.
    const actions: (() => void)[] = [];
    let inFlightBytes = 0;
    let lastDueMs = 0;
    const deliver = (bytes: number, action: () => void): void => {
      const now = performance.now();
      lastDueMs = Math.max(lastDueMs, now + this.delayMs + Math.random() * this.jitterMs);
      inFlightBytes += bytes;
      if (inFlightBytes > IN_FLIGHT_BYTES_MAX) from.pause();
      actions.push(() => {
        inFlightBytes -= bytes;
        if (inFlightBytes <= IN_FLIGHT_BYTES_MAX) from.resume();
        if (!to.destroyed) action();
      });
      setTimeout(() => actions.shift()?.(), lastDueMs - now);
    };
    from.on("data", (chunk) => deliver(chunk.length, () => to.write(chunk)));
    from.on("end", () => deliver(0, () => to.end()));
    from.on("close", (hadError) => {
      if (hadError) deliver(0, () => to.destroy());
    });
  }
}
