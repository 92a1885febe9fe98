/**
 * Calls that one connection has sent one behind the other, without waiting for answers: one at a time, each in a turn of the loop of its own.
 * Their answers go out in order anyway, and whoever sends a thousand at once waits for them alone. While many wait nothing more is read.
 */
import type { IncomingMessage, ServerResponse } from "node:http";

/** With so many behind the one under way a connection is not read, but for the rest of what came in one piece with them. */
export const WAITING_MAX = 16;

interface Line {
  last: ServerResponse;
  waiting: number;
}

export class CallOrder {
  /** Of connections with a call that has not been answered. */
  readonly #lines = new WeakMap<object, Line>();

  /** Calls `start` now, or after the calls before it on its connection; never when that is gone by then. */
  enter({ socket }: IncomingMessage, response: ServerResponse, start: () => void): void {
    const line = this.#lines.get(socket);
    if (line === undefined) {
      this.#lines.set(socket, { last: response, waiting: 0 });
      response.once("close", () => this.#leave(socket, response));
      start();
      return;
    }
    const before = line.last;
    line.last = response;
    line.waiting += 1;
    if (line.waiting === WAITING_MAX) socket.pause();
    before.once("close", () =>
      setImmediate(() => {
        line.waiting -= 1;
        if (socket.destroyed) return;
        start();
        if (line.waiting === WAITING_MAX - 1) socket.resume();
      }),
    );
    response.once("close", () => this.#leave(socket, response));
  }

  #leave(socket: object, response: ServerResponse): void {
    if (this.#lines.get(socket)?.last === response) this.#lines.delete(socket);
  }
}
