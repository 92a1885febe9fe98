/**
 * The store's contract in the simplest form that could be right: every revision in one array, every answer by looking at all
 * of it. It forgets records on demand, so that the paths that must load are taken, and notices a slot used without a view.
 */
import { assert } from "@quorate/std";
import { create, mvccpb, toBinary } from "@quorate/proto";
import {
  NO_SLOT,
  type ReadView,
  type ScanVisitor,
  type Slot,
  type StoreWrites,
  type TableName,
} from "../../mvcc/store-api.js";

interface Revision {
  readonly key: string;
  readonly main: number;
  readonly sub: number;
  readonly createRevision: number;
  readonly version: number;
  readonly lease: bigint;
  readonly tombstone: boolean;
  readonly record: Uint8Array;
  inMemory: boolean;
  freed: boolean;
}

export class NaiveStore implements StoreWrites {
  revision = 1;
  compactRevision = -1;
  readonly rows = new Map<string, Uint8Array>();
  readonly #revisions: Revision[] = [];
  readonly #views = new Map<number, number>();
  #index = 0;
  #open = false;
  #sub = 0;

  get consistentIndex(): number {
    return this.#index;
  }

  // Reads

  find(buffer: Uint8Array, start: number, end: number, atRevision: number): Slot {
    return this.#findKey(textOf(buffer, start, end), atRevision);
  }

  #findKey(key: string, atRevision: number): Slot {
    for (let slot = this.#revisions.length - 1; slot >= 0; slot--) {
      const each = this.#at(slot);
      if (each.key !== key || each.main > atRevision || each.freed) continue;
      return each.tombstone ? NO_SLOT : slot;
    }
    return NO_SLOT;
  }

  scan(from: Uint8Array, to: Uint8Array | undefined, atRevision: number, visit: ScanVisitor): void {
    for (const key of this.#keysIn(from, to)) {
      const slot = this.#findKey(key, atRevision);
      const buffer = bytesOf(`..${key}..`);
      if (slot !== NO_SLOT && !visit(slot, buffer, 2, buffer.length - 2)) return;
    }
  }

  countLatest(from: Uint8Array, to: Uint8Array | undefined): number {
    return this.#keysIn(from, to).filter((key) => this.#findKey(key, Infinity) !== NO_SLOT).length;
  }

  #keysIn(from: Uint8Array, to: Uint8Array | undefined): string[] {
    const low = textOf(from, 0, from.length);
    const high = to === undefined ? undefined : textOf(to, 0, to.length);
    const keys = new Set(this.#revisions.map((each) => each.key));
    return [...keys].filter((key) => low <= key && (high === undefined || key < high)).sort();
  }

  #at(slot: Slot): Revision {
    const revision = this.#revisions[slot];
    assert(revision !== undefined, () => `no slot ${String(slot)}`);
    return revision;
  }

  #readable(slot: Slot): Revision {
    const revision = this.#at(slot);
    assert(!revision.freed, () => `slot ${String(slot)} of ${revision.key} was freed`);
    return revision;
  }

  mainOf(slot: Slot): number {
    return this.#readable(slot).main;
  }

  subOf(slot: Slot): number {
    return this.#readable(slot).sub;
  }

  createRevisionOf(slot: Slot): number {
    return this.#readable(slot).createRevision;
  }

  versionOf(slot: Slot): number {
    return this.#readable(slot).version;
  }

  leaseOf(slot: Slot): bigint {
    return this.#readable(slot).lease;
  }

  isTombstone(slot: Slot): boolean {
    return this.#readable(slot).tombstone;
  }

  previousOf(slot: Slot): Slot {
    const { key } = this.#readable(slot);
    for (let before = slot - 1; before >= 0; before--) {
      const each = this.#at(before);
      if (each.key === key && !each.freed) return before;
    }
    return NO_SLOT;
  }

  recordSizeOf(slot: Slot): number {
    return this.#readable(slot).record.length;
  }

  record(slot: Slot): Uint8Array | undefined {
    const revision = this.#readable(slot);
    return revision.inMemory ? revision.record : undefined;
  }

  copyRecord(slot: Slot, target: Uint8Array, at: number): boolean {
    const record = this.record(slot);
    if (record === undefined) return false;
    target.set(record, at);
    return true;
  }

  async load(slots: ArrayLike<Slot>): Promise<Uint8Array[]> {
    const records: Uint8Array[] = [];
    for (const slot of Array.from(slots)) {
      await Promise.resolve();
      const revision = this.#readable(slot);
      assert(this.#views.size > 0, "records are loaded without a read view");
      revision.inMemory = true;
      records.push(revision.record);
    }
    return records;
  }

  openReadView(revision: number): ReadView {
    assert(revision >= this.compactRevision && revision <= this.revision, "read view out of range");
    this.#views.set(revision, (this.#views.get(revision) ?? 0) + 1);
    let isOpen = true;
    return {
      revision,
      release: () => {
        assert(isOpen, "read view released twice");
        isOpen = false;
        const count = (this.#views.get(revision) ?? 0) - 1;
        if (count > 0) this.#views.set(revision, count);
        else this.#views.delete(revision);
      },
    };
  }

  get openViewCount(): number {
    return this.#views.size;
  }

  // Writes

  begin(index: number, _term: number): void {
    assert(!this.#open && index > this.#index, "transaction out of order");
    this.#open = true;
    this.#index = index;
    this.#sub = 0;
  }

  get changed(): boolean {
    return this.#sub > 0;
  }

  put(kb: Uint8Array, ks: number, ke: number, vb: Uint8Array, vs: number, ve: number, lease: bigint): Slot {
    const key = textOf(kb, ks, ke);
    const before = this.#findKey(key, Infinity);
    const main = this.revision + 1;
    const createRevision = before === NO_SLOT ? main : this.createRevisionOf(before);
    const version = before === NO_SLOT ? 1 : this.versionOf(before) + 1;
    const value = vb.slice(vs, ve);
    return this.#add({ key, createRevision, version, lease, tombstone: false }, value);
  }

  delete(buffer: Uint8Array, start: number, end: number): Slot {
    const key = textOf(buffer, start, end);
    const live = this.#findKey(key, Infinity);
    if (live === NO_SLOT) return NO_SLOT;
    this.#add({ key, createRevision: 0, version: 0, lease: 0n, tombstone: true }, new Uint8Array(0));
    return live;
  }

  #add(
    revision: Pick<Revision, "key" | "createRevision" | "version" | "lease" | "tombstone">,
    value: Uint8Array,
  ): Slot {
    assert(this.#open, "write outside a transaction");
    const main = this.revision + 1;
    const message = create(mvccpb.KeyValueSchema, {
      key: bytesOf(revision.key),
      createRevision: BigInt(revision.createRevision),
      modRevision: revision.tombstone ? 0n : BigInt(main),
      version: BigInt(revision.version),
      value,
      lease: revision.lease,
    });
    const record = toBinary(mvccpb.KeyValueSchema, message);
    this.#revisions.push({ ...revision, main, sub: this.#sub++, record, inMemory: true, freed: false });
    return this.#revisions.length - 1;
  }

  setRow(table: TableName, key: Uint8Array, value: Uint8Array | undefined): void {
    assert(this.#open, "row outside a transaction");
    const name = `${table}/${textOf(key, 0, key.length)}`;
    if (value === undefined) this.rows.delete(name);
    else this.rows.set(name, value);
  }

  compact(revision: number): "compacted" | "future-revision" | undefined {
    if (revision <= this.compactRevision) return "compacted";
    if (revision > this.revision) return "future-revision";
    this.compactRevision = revision;
    return undefined;
  }

  end(): number {
    assert(this.#open, "no transaction to end");
    this.#open = false;
    if (this.#sub > 0) this.revision += 1;
    return this.revision;
  }

  // What tests do between entries

  /** Drops every record from memory. */
  forget(): void {
    for (const revision of this.#revisions) revision.inMemory = false;
  }

  /** Frees what no open view and no reader at or above C can see. */
  compactStep(): void {
    const bound = Math.min(this.compactRevision, ...this.#views.keys());
    const kept = new Set<string>();
    for (const revision of [...this.#revisions].reverse()) {
      if (revision.main > bound) continue;
      const isOldTombstone = revision.tombstone && revision.main < bound;
      if (kept.has(revision.key) || isOldTombstone) revision.freed = true;
      kept.add(revision.key);
    }
  }
}

export function textOf(buffer: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...buffer.subarray(start, end));
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (each) => each.charCodeAt(0));
}
