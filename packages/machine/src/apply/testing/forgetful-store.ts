/** The real store, except that it claims not to have in memory what was written before `forget` was called last. */
import type { Store } from "../../mvcc/store.js";
import type { ReadView, ScanVisitor, Slot, StoreWrites, TableName } from "../../mvcc/store-api.js";

export class ForgetfulStore implements StoreWrites {
  readonly #store: Store;
  #forgottenRevision = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  forget(): void {
    this.#forgottenRevision = this.#store.revision;
  }

  #isForgotten(slot: Slot): boolean {
    return this.#store.mainOf(slot) <= this.#forgottenRevision;
  }

  record(slot: Slot): Uint8Array | undefined {
    return this.#isForgotten(slot) ? undefined : this.#store.record(slot);
  }

  copyRecord(slot: Slot, target: Uint8Array, at: number): boolean {
    return !this.#isForgotten(slot) && this.#store.copyRecord(slot, target, at);
  }

  get revision(): number {
    return this.#store.revision;
  }

  get compactRevision(): number {
    return this.#store.compactRevision;
  }

  get changed(): boolean {
    return this.#store.changed;
  }

  find(buffer: Uint8Array, start: number, end: number, atRevision: number): Slot {
    return this.#store.find(buffer, start, end, atRevision);
  }

  scan(from: Uint8Array, to: Uint8Array | undefined, atRevision: number, visit: ScanVisitor): void {
    this.#store.scan(from, to, atRevision, visit);
  }

  countLatest(from: Uint8Array, to: Uint8Array | undefined): number {
    return this.#store.countLatest(from, to);
  }

  mainOf(slot: Slot): number {
    return this.#store.mainOf(slot);
  }

  subOf(slot: Slot): number {
    return this.#store.subOf(slot);
  }

  createRevisionOf(slot: Slot): number {
    return this.#store.createRevisionOf(slot);
  }

  versionOf(slot: Slot): number {
    return this.#store.versionOf(slot);
  }

  leaseOf(slot: Slot): bigint {
    return this.#store.leaseOf(slot);
  }

  isTombstone(slot: Slot): boolean {
    return this.#store.isTombstone(slot);
  }

  previousOf(slot: Slot): Slot {
    return this.#store.previousOf(slot);
  }

  recordSizeOf(slot: Slot): number {
    return this.#store.recordSizeOf(slot);
  }

  load(slots: ArrayLike<Slot>): Promise<Uint8Array[]> {
    return this.#store.load(slots);
  }

  openReadView(revision: number): ReadView {
    return this.#store.openReadView(revision);
  }

  begin(index: number, term: number): void {
    this.#store.begin(index, term);
  }

  put(...args: Parameters<Store["put"]>): Slot {
    return this.#store.put(...args);
  }

  delete(buffer: Uint8Array, start: number, end: number): Slot {
    return this.#store.delete(buffer, start, end);
  }

  setRow(table: TableName, key: Uint8Array, value: Uint8Array | undefined): void {
    this.#store.setRow(table, key, value);
  }

  end(): number {
    return this.#store.end();
  }

  compact(revision: number): "compacted" | "future-revision" | undefined {
    return this.#store.compact(revision);
  }
}
