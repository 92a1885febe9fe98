/**
 * What leases promise to their holders:
 *
 * - nothing that belongs to a lease goes before the time that was promised last is over, unless its holder revoked it;
 * - what was revoked, or was once told to be gone, does not come back: no renewal, no time to live, no key, no new key;
 * - its time to live does not grow without a renewal, as long as nobody else leads.
 *
 * Promises are counted from when they were asked for, and shortened by how wrong clocks may be.
 */
import type { LeaseHistory, LeaseOperation, TermSeen } from "./lease-history.js";
import { WORKLOAD_VIOLATIONS_MAX } from "./world.js";

/** Time to live is told in whole seconds. */
const SECOND_MS = 1000;
/** A member may hear of a new term so much later than a leader of it answers for it. */
const TERM_SPREADS_MS = 3000;

export interface LeaseRules {
  /** How much faster or slower than the clients' the clocks of members go at most, as a share. */
  readonly clockErrorMax: number;
  readonly terms: readonly TermSeen[];
}

export function checkLeases(histories: readonly LeaseHistory[], rules: LeaseRules): string[] {
  const violations: string[] = [];
  const terms = new Terms(rules.terms);
  for (const history of histories) {
    if (violations.length >= WORKLOAD_VIOLATIONS_MAX) break;
    violations.push(...new LeaseCheck(history, rules.clockErrorMax, terms).run());
  }
  return violations.slice(0, WORKLOAD_VIOLATIONS_MAX);
}

type TimeToLive = Extract<LeaseOperation, { kind: "time-to-live" }>;

class LeaseCheck {
  readonly #history: LeaseHistory;
  readonly #clockErrorMax: number;
  readonly #terms: Terms;
  readonly #violations: string[] = [];
  #promisedFromMs: number;
  #promisedMs: number;
  #revokeBegan = false;
  /** Since when it is surely gone, and who says so. */
  #gone: { readonly atMs: number; readonly why: string } | undefined;
  /** Keys that were attached for sure. */
  readonly #attached = new Set<string>();
  #lastTold: TimeToLive | undefined;

  constructor(history: LeaseHistory, clockErrorMax: number, terms: Terms) {
    this.#history = history;
    this.#clockErrorMax = clockErrorMax;
    this.#terms = terms;
    this.#promisedFromMs = history.grant.startMs;
    this.#promisedMs = history.grant.ttlMs;
  }

  run(): readonly string[] {
    for (const operation of this.#history.operations) this.#take(operation);
    return this.#violations;
  }

  #take(operation: LeaseOperation): void {
    switch (operation.kind) {
      case "renew":
        if (operation.ttlMs <= 0) return this.#noteGone(operation, "was not renewed");
        this.#noteAlive(operation, "was renewed");
        this.#lastTold = undefined;
        this.#promise(operation.startMs, operation.ttlMs);
        return;
      case "revoke":
        // Of one that was refused nothing came; of one without an answer it may come at any time.
        if (operation.outcome === "failed") return;
        if (operation.outcome === "gone") return this.#noteGone(operation, "could not be revoked");
        this.#revokeBegan = true;
        if (operation.outcome === "ok") this.#noteGone(operation, "was revoked");
        return;
      case "attach":
        if (operation.outcome === "gone") return this.#noteGone(operation, `took no key ${operation.key}`);
        if (operation.outcome !== "ok") return;
        this.#noteAlive(operation, `took the key ${operation.key}`);
        this.#attached.add(operation.key);
        return;
      case "read":
        this.#takeRead(operation);
        return;
      case "time-to-live":
        this.#takeTimeToLive(operation);
        return;
    }
  }

  #takeRead(read: Extract<LeaseOperation, { kind: "read" }>): void {
    const missing = [...this.#attached].find((key) => !read.present.includes(key));
    if (read.present.length > 0) this.#noteAlive(read, `still had the key ${read.present[0]}`);
    if (missing === undefined) return;
    if (read.present.length > 0) this.#break(`lost ${missing} and kept ${read.present[0]}`, read);
    this.#noteGone(read, `had lost the key ${missing}`);
  }

  #takeTimeToLive(told: TimeToLive): void {
    const { remainingMs } = told;
    if (remainingMs === undefined) return this.#noteGone(told, "had no time to live");
    this.#noteAlive(told, `had ${remainingMs} ms to live`);
    const last = this.#lastTold;
    this.#lastTold = told;
    if (last?.remainingMs === undefined || last.term !== told.term) return;
    if (this.#terms.newestUntil(told.endMs + TERM_SPREADS_MS) > told.term) return;
    const passedMs = Math.max(0, told.startMs - last.endMs) * (1 - this.#clockErrorMax);
    if (remainingMs > last.remainingMs + SECOND_MS - passedMs)
      this.#break(
        `had ${remainingMs} ms to live, after ${last.remainingMs} ms at ${last.endMs.toFixed(1)}`,
        told,
      );
  }

  #promise(fromMs: number, forMs: number): void {
    if (fromMs + forMs <= this.#promisedFromMs + this.#promisedMs) return;
    this.#promisedFromMs = fromMs;
    this.#promisedMs = forMs;
  }

  #noteGone(told: LeaseOperation, why: string): void {
    const surelyUntilMs = this.#promisedFromMs + this.#promisedMs * (1 - this.#clockErrorMax);
    if (!this.#revokeBegan && told.endMs < surelyUntilMs)
      this.#break(`${why}, though it was promised to live until ${surelyUntilMs.toFixed(1)} ms`, told);
    this.#gone ??= { atMs: told.endMs, why };
  }

  #noteAlive(told: LeaseOperation, how: string): void {
    if (this.#gone === undefined || told.startMs < this.#gone.atMs) return;
    this.#break(`${how}, after it ${this.#gone.why} at ${this.#gone.atMs.toFixed(1)} ms`, told);
  }

  #break(what: string, { startMs, endMs }: LeaseOperation): void {
    this.#violations.push(
      `lease ${this.#history.lease} ${what} (${startMs.toFixed(1)} to ${endMs.toFixed(1)} ms)`,
    );
  }
}

/** The newest term that anybody was told of, at any time. */
class Terms {
  readonly #atMs: number[] = [];
  readonly #newest: number[] = [];

  constructor(seen: readonly TermSeen[]) {
    for (const { atMs, term } of [...seen].sort((a, b) => a.atMs - b.atMs)) {
      if (term <= (this.#newest.at(-1) ?? 0)) continue;
      this.#atMs.push(atMs);
      this.#newest.push(term);
    }
  }

  newestUntil(atMs: number): number {
    const index = this.#atMs.findLastIndex((each) => each <= atMs);
    return this.#newest[index] ?? 0;
  }
}
