/**
 * Answers read-only transactions from local state, without the log: compares and ranges all see one revision. Values that are
 * not in memory and intervals that are long are read in later turns, from a read view.
 */
import { LATEST, type ReadView, type StoreReads } from "../mvcc/store-api.js";
import { NO_LEASES } from "./lessor-port.js";
import type { ResponseBody } from "./outcome.js";
import { readOperation } from "./read-operation.js";
import { RecordSource } from "./record-source.js";
import type { RefusalCode } from "./refusal.js";
import { settleReply } from "./reply-settle.js";
import type { Reply, TxnReply } from "./reply-tree.js";
import type { Turns } from "./turn-sort.js";
import { checkPath, decidePath, type TxnPath } from "./txn-path.js";
import type { RangeView } from "./wire/request-views.js";
import type { TxnNode } from "./wire/txn-nodes.js";

const KEYS_AT_ONCE_MAX = 1024;

export type TxnAnswer = RefusalCode | ResponseBody;

interface Attempt {
  readonly records: RecordSource;
  readonly atRevision: number;
  readonly openReadView: (revision: number) => ReadView;
}

/** One read view with several holders: a compaction may have passed its revision, so that a second one cannot be opened. */
class SharedView implements ReadView {
  readonly #view: ReadView;
  #holders = 1;

  constructor(view: ReadView) {
    this.#view = view;
  }

  get revision(): number {
    return this.#view.revision;
  }

  share(): ReadView {
    this.#holders += 1;
    return this;
  }

  release(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.#view.release();
  }
}

export class TxnReader {
  readonly #store: StoreReads;
  readonly #turns: Turns;

  constructor(store: StoreReads, turns: Turns) {
    this.#store = store;
    this.#turns = turns;
  }

  /**
   * Reads at the revision that is newest now, which the response header names too. `txn` has only range operations; its
   * buffer must stay as it is until the answer is there.
   */
  read(txn: TxnNode): TxnAnswer | Promise<TxnAnswer> {
    const records = new RecordSource(this.#store);
    const openReadView = (revision: number): ReadView => this.#store.openReadView(revision);
    return this.#tryRead(txn, { records, atRevision: LATEST, openReadView }) ?? this.#readLater(txn, records);
  }

  /** The answer, or undefined when values must be loaded first. */
  #tryRead(txn: TxnNode, attempt: Attempt): TxnAnswer | undefined {
    const { records, atRevision, openReadView } = attempt;
    const state = { store: this.#store, atRevision, records };
    const path = decidePath(txn, state);
    if (path === undefined) return undefined;
    const refusal = checkPath(path, state, NO_LEASES);
    if (refusal !== undefined) return refusal;
    const revision = Math.min(atRevision, this.#store.revision);
    const source = { store: this.#store, turns: this.#turns, openReadView };
    return settleReply(source, this.#readPath(path, atRevision, revision));
  }

  async #readLater(txn: TxnNode, records: RecordSource): Promise<TxnAnswer> {
    const view = new SharedView(this.#store.openReadView(this.#store.revision));
    const atRevision = view.revision;
    const openReadView = (revision: number): ReadView =>
      revision === atRevision ? view.share() : this.#store.openReadView(revision);
    try {
      for (;;) {
        await records.loadMissing();
        const answer = this.#tryRead(txn, { records, atRevision, openReadView });
        if (answer !== undefined) return answer;
      }
    } finally {
      view.release();
    }
  }

  #readPath(path: TxnPath, atRevision: number, revision: number): TxnReply {
    const ops: Reply[] = [];
    for (const op of path.ops) if (op.kind === "range") ops.push(this.#readRange(op, atRevision, revision));
    return { kind: "txn", succeeded: path.succeeded, ops };
  }

  #readRange(range: RangeView, atRevision: number, revision: number): Reply {
    const isLatest = range.revision <= 0;
    return readOperation(this.#store, range, {
      atRevision: isLatest ? atRevision : range.revision,
      viewRevision: isLatest ? revision : range.revision,
      headerRevision: revision,
      keysAtOnceMax: KEYS_AT_ONCE_MAX,
    });
  }
}
