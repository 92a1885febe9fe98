/**
 * What a write has to tell its client, gathered while it runs and encoded afterwards: a transaction's answers nest, and a
 * message's length stands before its content, so nothing can be written before everything is known.
 *
 * Records are quoted by slot. Those that are not in memory when the write ends are loaded later, from read views opened in
 * the same turn, while later entries are being applied.
 */
import type { Slot, StoreReads } from "../mvcc/store-api.js";
import type { RangeRun } from "./range-run.js";
import { compareBytes, findValue, withoutValue } from "./wire/key-value.js";

/** Records to be quoted in order; `records[i]` is undefined until it is loaded. */
export class Quotes {
  readonly slots: Slot[] = [];
  readonly records: (Uint8Array | undefined)[] = [];
  /** A revision that can see every slot whose record may have to be loaded. */
  readonly atRevision: number;
  missingCount = 0;

  constructor(atRevision: number) {
    this.atRevision = atRevision;
  }

  /** Quotes the record of `slot`, taking it now when it is in memory. */
  addSlot(store: StoreReads, slot: Slot): void {
    const record = store.record(slot);
    if (record === undefined) this.missingCount += 1;
    this.slots.push(slot);
    this.records.push(record);
  }

  /** Quotes bytes made for the reply; `slot` says what they are about. */
  addRecord(slot: Slot, record: Uint8Array): void {
    this.slots.push(slot);
    this.records.push(record);
  }
}

/** A range operation: of one key, already answered, or a run over an interval, quoted once it has visited everything. */
export class RangeReply {
  readonly kind = "range";
  readonly revision: number;
  readonly quotes: Quotes;
  /** Undefined when the quotes are the answer as they are. */
  readonly run: RangeRun | undefined;
  readonly #count: number;

  constructor(revision: number, quotes: Quotes, answer: RangeRun | number) {
    this.revision = revision;
    this.quotes = quotes;
    this.run = typeof answer === "number" ? undefined : answer;
    this.#count = typeof answer === "number" ? answer : 0;
  }

  get count(): number {
    return this.run === undefined ? this.#count : this.run.count;
  }

  get more(): boolean {
    return this.run?.more === true;
  }

  /** False while the run has to be continued in later turns. */
  get complete(): boolean {
    return this.run === undefined || this.run.complete;
  }

  /** Quotes the rows of a run that is complete: in their final order, unless that order depends on the values. */
  quoteRows(store: StoreReads): void {
    const { run, quotes } = this;
    if (run === undefined) return;
    const order = run.numericOrder();
    const rows = order === undefined ? run.positions() : run.positions().sort(order);
    const rowCount = run.ordersByValue ? rows.length : run.rowCount;
    for (const row of rows.subarray(0, rowCount)) {
      const slot = run.slots[row] as Slot;
      const abridged = run.keyOnlyRecord(row);
      if (abridged === undefined) quotes.addSlot(store, slot);
      else quotes.addRecord(slot, abridged);
    }
  }

  /** Orders and cuts rows that had to be read first. All records are there. */
  arrangeByValue(): void {
    const { run, quotes } = this;
    if (run?.ordersByValue !== true) return;
    const rows = (quotes.records as Uint8Array[]).map((record) => ({ record, ...findValue(record) }));
    const sign = run.descends ? -1 : 1;
    rows.sort((a, b) => {
      const ranges = { aStart: a.start, aEnd: a.end, bStart: b.start, bEnd: b.end };
      return sign * compareBytes(a.record, b.record, ranges);
    });
    const records = rows.slice(0, run.rowCount).map((row) => row.record);
    quotes.records.length = 0;
    for (const record of records) quotes.records.push(run.stripsValues ? withoutValue(record) : record);
  }
}

export interface PutReply {
  readonly kind: "put";
  readonly revision: number;
  /** The previous pair, when it was asked for and there was one. */
  readonly quotes: Quotes | undefined;
}

export interface DeleteReply {
  readonly kind: "delete";
  readonly revision: number;
  readonly deleted: number;
  readonly quotes: Quotes | undefined;
}

export interface TxnReply {
  readonly kind: "txn";
  readonly succeeded: boolean;
  readonly ops: readonly Reply[];
}

export type Reply = RangeReply | PutReply | DeleteReply | TxnReply;

/** Visits the quotes of a reply and of everything nested in it. */
export function visitQuotes(reply: Reply, visit: (quotes: Quotes) => void): void {
  if (reply.kind === "txn") for (const op of reply.ops) visitQuotes(op, visit);
  else if (reply.quotes !== undefined) visit(reply.quotes);
}
