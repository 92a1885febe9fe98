/** A seeded source of steps: writes that meet each other on few keys, and watchers of every kind that meet them. */
import type { Prng } from "@quorate/std";
import { isInRange } from "./history-model.js";
import type { Change, HistoryModel, Write } from "./history-model.js";
import type { WatcherSpec } from "./watcher-judge.js";
import { SLOTS } from "./watch-step.js";
import type { Answer, WatchStep } from "./watch-step.js";

const KEYS = ["a", "aa", "ab", "b", "b/1", "b/2", "b/20", "b0", "c", "z", "\0", "\xff", "\x7f\x80"];
const ENDS = ["aa", "b", "b/2", "b0", "c", "\xff"];
const LEASES = [1n, 7n, -1n, 2n ** 63n - 1n, -(2n ** 63n)];
const CHOSEN_IDS = [1n, 2n, 5n, 9n, -3n];
/** Ids from here on are taken once. */
const FRESH_IDS = 1_000n;
const WATCHERS_MAX = 12;
const LONG_VALUE_CHARS = 20_000;
/** More than a fragment holds, once its pairs are shown as those before. */
const BULK_KEYS = 26;
const BULK_VALUE_CHARS = 100_000;

const REASONS = {
  range: "mvcc: watcher range is empty",
  id: "mvcc: duplicate watch ID provided on the WatchStream",
  start: "etcdserver: mvcc: required revision has been compacted",
} as const;

interface Slot {
  readonly ids: Set<bigint>;
  /** Cancelled on the stream that there is now. */
  readonly retired: Set<bigint>;
  nextId: bigint;
}

export interface StepOptions {
  /** Negative starts are refused since 3.6.6. */
  readonly startsBelowZero: boolean;
  /** etcd gives a watcher what it still had for a cancelled one of the same id, if the client is slow to read. */
  readonly reusesIds: boolean;
}

export class StepGenerator {
  readonly #prng: Prng;
  readonly #history: HistoryModel;
  readonly #options: StepOptions;
  readonly #slots: readonly Slot[] = Array.from({ length: SLOTS }, () => ({
    ids: new Set(),
    retired: new Set(),
    nextId: 0n,
  }));
  #freshId = FRESH_IDS;
  #due: WatchStep[] = [];

  /** @param history as it is when a step is asked for; the steps change it only by their being carried out. */
  constructor(prng: Prng, history: HistoryModel, options: StepOptions) {
    this.#prng = prng;
    this.#history = history;
    this.#options = options;
  }

  next(): WatchStep {
    const due = this.#due.shift();
    if (due !== undefined) return due;
    return this.#choose<() => WatchStep>([
      [640, () => ({ kind: "write", write: this.#write() })],
      [150, () => this.#watch()],
      [60, () => this.#cancel()],
      [8, () => ({ kind: "cancel-nobody", slot: this.#slot(), id: 99n })],
      [60, () => ({ kind: "progress", slot: this.#slot() })],
      [25, () => ({ kind: "pause", slot: this.#slot() })],
      [25, () => ({ kind: "resume", slot: this.#slot() })],
      [8, () => ({ kind: "reopen", slot: this.#slot() })],
      [10, () => ({ kind: "settle" })],
      [4, () => this.#bulk()],
      [5, () => ({ kind: "disrupt" })],
    ])();
  }

  /** A reopened stream numbers its watchers anew. */
  reopened(slot: number): void {
    const reopened = this.#slots[slot]!;
    reopened.retired.clear();
    reopened.nextId = reopened.ids.has(0n) ? 1n : 0n;
  }

  #choose<T>(choices: readonly (readonly [weight: number, value: T])[]): T {
    let ticket = this.#prng.below(choices.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, value] of choices) {
      if (ticket < weight) return value;
      ticket -= weight;
    }
    throw new Error("no choice");
  }

  #slot(): number {
    return this.#prng.below(SLOTS);
  }

  #write(): Write {
    const { leases } = this.#history;
    const free = LEASES.filter((lease) => !leases.has(lease));
    const target = this.#compaction();
    return this.#choose<() => Write>([
      [60, () => ({ kind: "txn", ifMissing: undefined, changes: [this.#change()] })],
      [30, () => this.#txn()],
      [free.length > 0 ? 4 : 0, () => ({ kind: "grant", lease: this.#prng.pick(free) })],
      [leases.size > 0 ? 3 : 0, () => ({ kind: "revoke", lease: this.#prng.pick([...leases]) })],
      [target === undefined ? 0 : 4, () => ({ kind: "compact", revision: target ?? 0 })],
    ])();
  }

  /**
   * Mostly close to the present, where watchers are. Never a revision that changed a key twice: etcd forgets a put there, and
   * what anybody may forget of it is no watcher's business.
   */
  #compaction(): number | undefined {
    const { revision, compacted, doubled } = this.#history;
    const room = revision - Math.max(compacted, 1);
    if (room <= 0) return undefined;
    const target = revision - this.#prng.below(this.#prng.chance(0.7) ? Math.min(room, 12) : room);
    return doubled.has(target) ? undefined : target;
  }

  #txn(): Write {
    if (this.#prng.chance(0.12)) return this.#txnOfOneKey();
    const changes: Change[] = [];
    for (let count = 1 + this.#prng.below(5); count > 0; count -= 1) {
      const change = this.#change();
      if (!changes.some((other) => collide(change, other))) changes.push(change);
    }
    const ifMissing = this.#prng.chance(0.25) ? this.#prng.pick(KEYS) : undefined;
    return { kind: "txn", ifMissing, changes };
  }

  /** Put and deleted within one revision, in either order. */
  #txnOfOneKey(): Write {
    const key = this.#prng.pick(KEYS);
    const put: Change = { kind: "put", key, value: this.#value(), lease: this.#lease() };
    const drop: Change = { kind: "delete", key, end: "\0" };
    const changes = this.#prng.chance(0.5) ? [put, drop] : [drop, put];
    return { kind: "txn", ifMissing: undefined, changes };
  }

  #change(): Change {
    const key = this.#prng.pick(KEYS);
    if (this.#prng.chance(0.7)) return { kind: "put", key, value: this.#value(), lease: this.#lease() };
    const end = this.#choose([
      [80, ""],
      [10, this.#prng.pick(ENDS)],
      [4, "\0"],
    ]);
    return { kind: "delete", key, end };
  }

  #lease(): bigint {
    const { leases } = this.#history;
    return leases.size > 0 && this.#prng.chance(0.3) ? this.#prng.pick([...leases]) : 0n;
  }

  #value(): string {
    return this.#choose<() => string>([
      [10, () => ""],
      [80, () => `v${this.#prng.below(1_000)}`],
      [10, () => "x".repeat(this.#prng.below(LONG_VALUE_CHARS))],
    ])();
  }

  /** Large pairs that go all at once, seen by somebody who wants the pairs before in fragments. */
  #bulk(): WatchStep {
    const value = "y".repeat(BULK_VALUE_CHARS);
    const put = (first: number): WatchStep => ({
      kind: "write",
      write: {
        kind: "txn",
        ifMissing: undefined,
        changes: Array.from({ length: BULK_KEYS / 2 }, (_, place) => ({
          kind: "put",
          key: `big/${String.fromCharCode(97 + first + place)}`,
          value,
          lease: 0n,
        })),
      },
    });
    this.#due = [
      put(0),
      put(BULK_KEYS / 2),
      {
        kind: "write",
        write: {
          kind: "txn",
          ifMissing: undefined,
          changes: [{ kind: "delete", key: "big/", end: "big0" }],
        },
      },
    ];
    const fragment = this.#prng.chance(0.8);
    return this.#create(this.#slot(), {
      ...this.#spec(),
      key: "big/",
      end: "big0",
      fragment,
      withPrevious: true,
    });
  }

  #watch(): WatchStep {
    const slot = this.#slot();
    return this.#slots[slot]!.ids.size >= WATCHERS_MAX ? this.#cancel() : this.#create(slot, this.#spec());
  }

  #create(slot: number, spec: WatcherSpec): WatchStep {
    let id = this.#prng.chance(0.2) ? this.#prng.pick(CHOSEN_IDS) : 0n;
    const { ids, retired, nextId } = this.#slots[slot]!;
    // The ids that follow the next one may be in use, so any retired one behind it may be its turn.
    const mayReuse =
      id === 0n ? [...retired].some((each) => each >= nextId) : retired.has(id) && !ids.has(id);
    if (mayReuse && !this.#options.reusesIds) id = this.#freshId++;
    return { kind: "watch", slot, spec, id, answer: this.#answer(this.#slots[slot]!, spec, id) };
  }

  #answer(slot: Slot, { key, end, start }: WatcherSpec, id: bigint): Answer {
    if (start < 0) return { reason: REASONS.start };
    if (end !== "" && end !== "\0" && key >= end) return { reason: REASONS.range };
    if (id !== 0n && slot.ids.has(id)) return { reason: REASONS.id };
    let given = id;
    if (id === 0n) {
      while (slot.ids.has(slot.nextId)) slot.nextId += 1n;
      given = slot.nextId;
      slot.nextId += 1n;
    }
    slot.ids.add(given);
    return { id: given };
  }

  #spec(): WatcherSpec {
    const prng = this.#prng;
    const key = prng.pick(KEYS);
    const [from, end] = this.#choose([
      [40, [key, ""] as const],
      [25, [key, prng.pick(ENDS)] as const],
      [20, [key, "\0"] as const],
      [25, ["", "\0"] as const],
    ]);
    return {
      key: from,
      end,
      start: this.#start(),
      noPut: prng.chance(0.12),
      noDelete: prng.chance(0.12),
      withPrevious: prng.chance(0.5),
      fragment: prng.chance(0.4),
      progress: prng.chance(0.3),
    };
  }

  #start(): number {
    const { revision, compacted } = this.#history;
    const oldest = Math.max(compacted, 1);
    return this.#choose<() => number>([
      [40, () => 0],
      [30, () => oldest + this.#prng.below(revision - oldest + 1)],
      [8, () => oldest],
      [5, () => revision],
      [8, () => revision + 1 + this.#prng.below(20)],
      [8, () => 1 + this.#prng.below(oldest)],
      [this.#options.startsBelowZero ? 2 : 0, () => -1 - this.#prng.below(3)],
    ])();
  }

  #cancel(): WatchStep {
    const slot = this.#slot();
    const ids = [...this.#slots[slot]!.ids];
    if (ids.length === 0) return { kind: "cancel-nobody", slot, id: 98n };
    const id = this.#prng.pick(ids);
    this.#slots[slot]!.ids.delete(id);
    this.#slots[slot]!.retired.add(id);
    return { kind: "cancel", slot, id };
  }
}

/** Whether the protocol refuses the two in one transaction. A delete from a key on is not seen as touching any. */
function collide(left: Change, right: Change): boolean {
  if (left.kind === "delete" && right.kind === "delete") return false;
  const [put, other] = left.kind === "put" ? [left, right] : [right, left];
  if (other.kind === "put") return put.key === other.key;
  return other.end !== "\0" && isInRange(put.key, other.key, other.end);
}
