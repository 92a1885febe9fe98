/**
 * What must hold whatever happens. The names are those of the Raft paper, figure 3.
 *
 * - Election Safety: at most one leader in a term.
 * - Log Matching: where two logs have an entry of equal index and term, they are equal up to there.
 * - Leader Completeness: a new leader's log has every entry that was ever applied anywhere.
 * - State Machine Safety: no two nodes apply different entries at an index, nor restore different states.
 * - Reads: a read is answered with an index no lower than anything acknowledged (applied somewhere) before it was asked.
 */
import { assert } from "@quorate/std";
import { confStatesEqual } from "../confchange/restore.js";
import type { MemoryLogStorage } from "../memory-log-storage.js";
import type { ConfState } from "../types/conf-change.js";
import type { Entry } from "../types/entry.js";
import { StateRole } from "../types/ready.js";
import type { SimNode } from "./sim-node.js";

interface AppliedRecord {
  readonly entry: Entry;
  readonly hash: number;
  readonly confState: ConfState;
}

export class SimChecks {
  /** What was applied first at each index; everybody else must agree. */
  readonly #applied = new Map<number, AppliedRecord>();
  readonly #leaders = new Map<number, bigint>();
  readonly #readFloors = new Map<string, number>();
  /** The first members have the whole configuration at once, others build it entry by entry. */
  readonly #bootstrapCount: number;
  appliedMax = 0;
  readsAnswered = 0;

  constructor(bootstrapCount: number) {
    this.#bootstrapCount = bootstrapCount;
  }

  get leaderCount(): number {
    return this.#leaders.size;
  }

  /** The configuration at the newest applied index. */
  newestConfState(): ConfState | null {
    return this.#applied.get(this.appliedMax)?.confState ?? null;
  }

  onApplied(node: SimNode, entry: Entry): void {
    const { hash, confState } = node.state;
    const first = this.#applied.get(entry.index);
    if (first === undefined) {
      this.#applied.set(entry.index, { entry, hash, confState });
      this.appliedMax = Math.max(this.appliedMax, entry.index);
      return;
    }
    assert(
      first.entry.term === entry.term && first.entry.type === entry.type && first.hash === hash,
      () => `state machine safety: node ${node.id} applied another entry at ${entry.index}`,
    );
    this.#checkConfState(node, entry.index, first.confState);
  }

  onRestored(node: SimNode): void {
    const { index, hash } = node.state;
    const record = this.#applied.get(index);
    assert(record !== undefined, () => `node ${node.id} restored a snapshot at ${index} that nobody applied`);
    assert(
      record.hash === hash,
      () => `state machine safety: node ${node.id} restored another state at ${index}`,
    );
    this.#checkConfState(node, index, record.confState);
  }

  #checkConfState(node: SimNode, index: number, expected: ConfState): void {
    if (index <= this.#bootstrapCount) return;
    assert(
      confStatesEqual(expected, node.state.confState),
      () => `node ${node.id} has another configuration at ${index}`,
    );
  }

  onReadAsked(key: string): void {
    this.#readFloors.set(key, this.appliedMax);
  }

  onReadAnswered(key: string, index: number): void {
    const floor = this.#readFloors.get(key);
    assert(floor !== undefined, () => `answer to a read nobody asked: ${key}`);
    assert(index >= floor, () => `stale read: ${key} answered with ${index}, acknowledged was ${floor}`);
    this.readsAnswered++;
  }

  /** To be called after everything a node does. */
  checkLeader(node: SimNode): void {
    if (node.raw === null) return;
    const { softState, hardState } = node.raw.basicStatus();
    if (softState.role !== StateRole.StateLeader) return;
    const known = this.#leaders.get(hardState.term);
    assert(
      known === undefined || known === node.id,
      () => `election safety: ${String(known)} and ${node.id} lead term ${hardState.term}`,
    );
    if (known !== undefined) return;
    this.#leaders.set(hardState.term, node.id);
    this.#checkLeaderCompleteness(node);
  }

  #checkLeaderCompleteness(node: SimNode): void {
    for (let index = node.view.firstIndex(); index <= this.appliedMax; index++) {
      const term = node.view.term(index);
      assert(
        term === this.#applied.get(index)?.entry.term,
        () => `leader completeness: new leader ${node.id} has term ${term} at applied index ${index}`,
      );
    }
  }

  checkLogMatching(nodes: readonly SimNode[]): void {
    for (const a of nodes) {
      for (const b of nodes) {
        if (a.id < b.id) checkPair(a.view, b.view, `${a.id} and ${b.id}`);
      }
    }
  }
}

function checkPair(a: MemoryLogStorage, b: MemoryLogStorage, who: string): void {
  const first = Math.max(a.firstIndex(), b.firstIndex());
  let matched = false;
  for (let index = Math.min(a.lastIndex(), b.lastIndex()); index >= first; index--) {
    const [left] = a.entries(index, index + 1, Infinity) as readonly Entry[];
    const [right] = b.entries(index, index + 1, Infinity) as readonly Entry[];
    const equal = left?.term === right?.term;
    assert(equal || !matched, () => `log matching: ${who} differ at ${index} below a match`);
    if (!equal) continue;
    matched = true;
    const sameData =
      left?.data.length === right?.data.length && left?.data.every((byte, i) => byte === right?.data[i]);
    assert(sameData === true, () => `log matching: ${who} have different data at ${index}`);
  }
}
