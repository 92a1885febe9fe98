/**
 * What raft promises and messages show: a term has one leader, two logs that have an entry of the same term at the same index have
 * the same entry there, and an index is committed with one term. Looked at as messages leave their members.
 */
import { MessageType, type Entry, type Message } from "@quorate/raft";

/** Entries that are remembered; the oldest go first. */
const ENTRIES_MAX = 50_000;
/** What is broken is broken many times. */
const VIOLATIONS_MAX = 5;

export class RaftRules {
  readonly violations: string[] = [];
  readonly #leaders = new Map<number, bigint>();
  /** By index and term: a sum of the entry's bytes. */
  readonly #entries = new Map<string, number>();
  /** By index: the term of what is committed there. */
  readonly #committed = new Map<number, number>();
  /** Sent again, an entry is mostly the same object; it has been looked at. */
  readonly #seen = new WeakSet<Entry>();

  look(message: Message): void {
    if (message.type === MessageType.MsgApp || message.type === MessageType.MsgHeartbeat)
      this.#lookAtLeader(message);
    if (message.type !== MessageType.MsgApp) return;
    const { from, index, logTerm, commit } = message;
    if (index > 0 && index <= commit) this.lookAtCommitted(from, index, logTerm);
    for (const entry of message.entries) {
      this.#lookAtEntry(entry, message);
      if (entry.index <= commit) this.lookAtCommitted(from, entry.index, entry.term);
    }
  }

  /** A member holds the entry of that index and term for committed. @param by its name or id */
  lookAtCommitted(by: string | bigint, index: number, term: number): void {
    const known = this.#committed.get(index);
    if (known === undefined) {
      this.#committed.set(index, term);
      if (this.#committed.size > ENTRIES_MAX)
        this.#committed.delete(this.#committed.keys().next().value ?? 0);
    } else if (known !== term) {
      const name = typeof by === "bigint" ? hex(by) : by;
      this.#break(`index ${index} is committed with term ${known}, and with term ${term} for ${name}`);
    }
  }

  #lookAtLeader({ from, term }: Message): void {
    const known = this.#leaders.get(term);
    if (known === undefined) this.#leaders.set(term, from);
    else if (known !== from) this.#break(`term ${term} has two leaders: ${hex(known)} and ${hex(from)}`);
  }

  #lookAtEntry(entry: Entry, { from }: Message): void {
    if (this.#seen.has(entry)) return;
    this.#seen.add(entry);
    const name = `${entry.index}/${entry.term}`;
    const sum = sumOf(entry);
    const known = this.#entries.get(name);
    if (known === undefined) {
      this.#entries.set(name, sum);
      if (this.#entries.size > ENTRIES_MAX) this.#entries.delete(this.#entries.keys().next().value ?? "");
    } else if (known !== sum)
      this.#break(`${hex(from)} has another entry ${entry.index} of term ${entry.term} than was sent before`);
  }

  #break(what: string): void {
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push(what);
  }
}

/** FNV-1a. */
function sumOf({ type, data }: Entry): number {
  let sum = 0x811c9dc5 ^ type;
  for (const byte of data) sum = Math.imul(sum ^ byte, 0x01000193);
  return sum >>> 0;
}

function hex(id: bigint): string {
  return id.toString(16);
}
