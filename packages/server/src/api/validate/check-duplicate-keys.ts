/**
 * Refuses a transaction that could write a key twice. Both branches of a nested transaction count, since either may run, but
 * they may write the same key as each other. Source: kv-watch-lease 4.6, order of siblings included.
 *
 * Writes are looked at in this order: of a list, its deletes, then its nested transactions one after another, then its puts.
 * A put is a duplicate when its key has been put or deleted before, except in the other branch of a transaction that both
 * are nested in. So the writes of one branch are taken back while the other is looked at. Only the smaller of the two is
 * ever taken back, hence each write at most log2(n) times, and a hundred thousand of them take tens of milliseconds.
 */
import type { OpNode } from "@quorate/machine";
import type { ErrorName } from "@quorate/proto";
import { CoverCounts } from "./cover-counts.js";
import { KeyOrder } from "./key-order.js";
import { POINT, bufferOf, planWrites, type NestedPlan, type WritePlan } from "./write-plan.js";

/** @param ops of one decoded request. */
export function checkDuplicateKeys(ops: readonly OpNode[]): ErrorName | undefined {
  // One operation writes nothing twice; this is what nearly all transactions have.
  const only = ops.length === 1 ? ops[0] : undefined;
  if (ops.length === 0 || (only !== undefined && only.kind !== "txn")) return undefined;
  const buffer = bufferOf(ops);
  if (buffer === undefined) return undefined;
  const keys = new KeyOrder(buffer);
  const plan = planWrites(ops, keys);
  return new WriteSweep(keys.rank()).passes(plan) ? undefined : "duplicate-key";
}

class WriteSweep {
  readonly #ranks: Int32Array;
  /** How often each key counts as put: twice for one that both branches of a transaction put. */
  readonly #putCounts: Int32Array;
  /** What counts as deleted. */
  readonly #covers: CoverCounts;
  /** All that has been written, for taking it back: two ranks for a delete, one and -1 for a put. */
  readonly #written: number[] = [];

  /** @param ranks of the keys of the plan. */
  constructor(ranks: Int32Array) {
    this.#ranks = ranks;
    this.#putCounts = new Int32Array(ranks.length);
    this.#covers = new CoverCounts(ranks.length);
  }

  /** False for a plan that could write a key twice, together with what was written before. */
  passes({ deletes, nested, puts }: WritePlan): boolean {
    for (let i = 0; i < deletes.length; i += 2) this.#delete(deletes[i] as number, deletes[i + 1] as number);
    for (const txn of nested) if (!this.#passesNested(txn)) return false;
    for (const key of puts) if (!this.#put(this.#ranks[key] as number)) return false;
    return true;
  }

  #passesNested({ success, failure }: NestedPlan): boolean {
    // Which branch comes first makes no difference to the answer.
    const [smaller, larger] = success.size < failure.size ? [success, failure] : [failure, success];
    const start = this.#written.length;
    if (!this.passes(smaller)) return false;
    const end = this.#written.length;
    this.#count(start, end, -1);
    if (!this.passes(larger)) return false;
    this.#count(start, end, 1);
    return true;
  }

  #put(rank: number): boolean {
    if (this.#putCounts[rank] !== 0 || this.#covers.covers(rank)) return false;
    this.#putCounts[rank] = 1;
    this.#written.push(rank, -1);
    return true;
  }

  #delete(from: number, to: number): void {
    const first = this.#ranks[from] as number;
    const end = to === POINT ? first + 1 : (this.#ranks[to] as number);
    if (first >= end) return;
    this.#covers.add(first, end, 1);
    this.#written.push(first, end);
  }

  /** Makes the writes in [start, end) of the list count once more (1) or once less (-1). */
  #count(start: number, end: number, by: number): void {
    const written = this.#written;
    for (let at = start; at < end; at += 2) {
      const first = written[at] as number;
      const second = written[at + 1] as number;
      if (second === -1) this.#putCounts[first] = (this.#putCounts[first] as number) + by;
      else this.#covers.add(first, second, by);
    }
  }
}
