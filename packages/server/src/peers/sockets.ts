/** All sockets that the transport has a part in, so that ending it can wait for them. */
import type { Socket } from "node:net";
import { TCP_KEEP_ALIVE_MS } from "./limits.js";

export class OpenSockets {
  readonly #open = new Set<Socket>();
  #onNone: (() => void) | undefined = undefined;

  /** Sets up a socket for small messages that must not wait, and remembers it until it is closed. */
  adopt(socket: Socket): void {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
    if (socket.destroyed || this.#open.has(socket)) return;
    this.#open.add(socket);
    socket.once("close", () => {
      this.#open.delete(socket);
      if (this.#open.size === 0) this.#onNone?.();
    });
  }

  /** Destroys them all and resolves once they are closed. */
  async destroyAll(): Promise<void> {
    if (this.#open.size === 0) return;
    const closed = new Promise<void>((resolve) => (this.#onNone = resolve));
    for (const socket of this.#open) socket.destroy();
    await closed;
  }
}
