/**
 * Lets reads of intervals begin, so that no burst of them holds the loop or the memory: a read begins with one short step,
 * and what that did not finish goes on in later turns, a few reads at a time.
 *
 *   enter --> [line of its connection] --> begin --> done
 *                                            |
 *                                            +--> rest, when a place is free --> done
 *
 * With nothing in the way a read begins inside `enter`. Else connections take turns, one read each; a connection whose read
 * waits for a place begins no other, so that at most one read per connection holds what it needs to go on.
 * Limits: a line is as long as its connection has open calls. Reads of one key need no gate.
 */

import type { MemberPort } from "./member-port.js";

/** Reads that begin in one turn of the loop: a few milliseconds at most. */
export const READS_BEGUN_PER_TURN = 64;
/**
 * Reads that go on at once. Each adds a step of a fraction of a millisecond to every turn, and its whole response to the
 * memory in use; more would only help while all wait for the disk.
 */
export const READS_GOING_ON_MAX = 8;

/** What is left of a read; resolves when its response is made. */
export type Rest = () => Promise<void>;

export interface GatedRead {
  /** The first step. @returns what is left to do, undefined when nothing is. */
  begin(): Rest | undefined;
}

class Line {
  readonly #reads: GatedRead[] = [];
  #next = 0;
  /** What is left of the read that began last, while it waits for a place. */
  rest: Rest | undefined = undefined;

  get isEmpty(): boolean {
    return this.rest === undefined && this.#next === this.#reads.length;
  }

  push(read: GatedRead): void {
    this.#reads.push(read);
  }

  /** Call it when the line is not empty and no rest waits. */
  shift(): GatedRead {
    const read = this.#reads[this.#next++] as GatedRead;
    // Let go of in bulk: cheap per read, and at most half of the array is dead.
    if (this.#next * 2 >= this.#reads.length) {
      this.#reads.splice(0, this.#next);
      this.#next = 0;
    }
    return read;
  }
}

export class ReadGate {
  /** Lines that are not empty by connection; the first one is served next. */
  readonly #lines = new Map<string, Line>();
  readonly #turns: Pick<MemberPort, "yieldTurn">;
  #begunInTurn = 0;
  #goingOn = 0;
  readonly #onTurn = (): void => {
    this.#begunInTurn = 0;
    this.#pump();
  };

  constructor(turns: Pick<MemberPort, "yieldTurn">) {
    this.#turns = turns;
  }

  /** @param peer names the connection of the read. */
  enter(peer: string, read: GatedRead): void {
    const waiting = this.#lines.get(peer);
    if (waiting !== undefined) {
      waiting.push(read);
      return;
    }
    const line = new Line();
    if (this.#begunInTurn === READS_BEGUN_PER_TURN) line.push(read);
    else line.rest = this.#begin(read);
    this.#goOn(line);
    if (!line.isEmpty) this.#lines.set(peer, line);
  }

  #begin(read: GatedRead): Rest | undefined {
    // The first read of a turn asks for the next one.
    if (this.#begunInTurn === 0) void this.#turns.yieldTurn().then(this.#onTurn);
    this.#begunInTurn++;
    return read.begin();
  }

  /** Does what is left of the read that began last, if a place is free. */
  #goOn(line: Line): void {
    const { rest } = line;
    if (rest === undefined || this.#goingOn === READS_GOING_ON_MAX) return;
    line.rest = undefined;
    this.#goingOn++;
    void rest().finally(() => {
      this.#goingOn--;
      this.#pump();
    });
  }

  /** Serves the lines in turn until all that are left wait for a place or for the next turn. */
  #pump(): void {
    // A line that got something and is not empty goes to the end, where this loop meets it again.
    for (const [peer, line] of this.#lines) {
      if (line.rest === undefined) {
        if (this.#begunInTurn === READS_BEGUN_PER_TURN) return;
        line.rest = this.#begin(line.shift());
      }
      this.#goOn(line);
      if (line.rest !== undefined) continue;
      this.#lines.delete(peer);
      if (!line.isEmpty) this.#lines.set(peer, line);
    }
  }
}
