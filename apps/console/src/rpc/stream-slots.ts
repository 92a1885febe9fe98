import { Code, ConnectError } from "@connectrpc/connect";

/** Streams that one session, or everybody together where there is no login, may have open. */
export const STREAMS_PER_SESSION_MAX = 64;

/** Counts the open streams of each session. */
export class StreamSlots {
  readonly #open = new Map<string, number>();

  /** Throws ResourceExhausted when the session has no slot left. The caller releases what it has acquired. */
  acquire(session: string): void {
    const open = this.#open.get(session) ?? 0;
    if (open >= STREAMS_PER_SESSION_MAX) {
      throw new ConnectError(
        `more than ${STREAMS_PER_SESSION_MAX} streams are open; close some of the console's tabs`,
        Code.ResourceExhausted,
      );
    }
    this.#open.set(session, open + 1);
  }

  release(session: string): void {
    const open = this.#open.get(session) ?? 0;
    if (open <= 1) this.#open.delete(session);
    else this.#open.set(session, open - 1);
  }
}
