/**
 * Applies committed log entries to the store, strictly in index order: the one place where replicated state changes.
 *
 *     entry -> decode -> alarms (Corrupt, then NoSpace) -> permission -> checks -> begin, write, end -> outcome
 *
 * Most entries are applied at once. Only when a write depends on a value that is not in memory (a VALUE compare, a put that
 * keeps its value) does `apply` give a promise; the caller applies nothing else until it is settled. A refusal is an
 * outcome, equal on every member, and moves the consistent index like everything else.
 *
 * Not here: membership changes, which come as entries of another kind, and read requests, which need no entry.
 * Source: raft-peers-formats 4.1 to 4.7.
 */
import { assert } from "@quorate/std";
import { AuthStore } from "../auth/auth-store.js";
import {
  checkDeletePermission,
  checkLeasePermission,
  checkPutPermission,
  checkTxnPermission,
  type Judge,
} from "../auth/request-checks.js";
import type { StoreWrites } from "../mvcc/store-api.js";
import type { AlarmSet } from "./alarm-set.js";
import { applyAuthOperation, hashNeeded, isAuthOperation } from "./auth-operations.js";
import { EntryCaller } from "./entry-caller.js";
import { applyAlarm, applyClusterOperation, isClusterOperation } from "./cluster-operations.js";
import type { ClusterState, RowSink } from "./cluster-port.js";
import { executeDelete, executePath, executePut, quotePrevious, type Execution } from "./execute.js";
import { decodeLeaseId, executeCheckpoint, executeGrant, executeRevoke } from "./lease-operations.js";
import type { LeaseTable } from "./lessor-port.js";
import { applied, refused, type ApplyOutcome } from "./outcome.js";
import { LEASE_GRANT_COST_BYTES, hasRoom, putCost, txnCost, type Space } from "./quota.js";
import { createOperationCounts, type OperationCounts } from "./operation-counts.js";
import { RecordSource } from "./record-source.js";
import type { RefusalCode } from "./refusal.js";
import { settleReply, type SettleSource } from "./reply-settle.js";
import type { Reply } from "./reply-tree.js";
import type { Turns } from "./turn-sort.js";
import { checkPath, checkPut, decidePath, type TxnPath } from "./txn-path.js";
import { applyV2Request, parseV2Request, type V2Request } from "./v2-request.js";
import { EntryView, OPERATION, decodeEntry } from "./wire/entry.js";
import {
  CompactionView,
  DeleteView,
  PutView,
  decodeCompaction,
  decodeDelete,
  decodePut,
} from "./wire/request-views.js";
import { decodeTxn, type TxnNode } from "./wire/txn-nodes.js";
import { WireError, WireReader } from "./wire/wire-reader.js";
import { LATEST } from "../mvcc/store-api.js";

export interface ApplierOptions {
  readonly store: StoreWrites;
  /** Index of the last entry whose changes the store has. */
  readonly consistentIndex: number;
  readonly leases: LeaseTable;
  readonly alarms: AlarmSet;
  readonly cluster: ClusterState;
  /** Without it authentication is off until an entry switches it on. */
  readonly auth?: AuthStore;
  readonly space: Space;
  readonly turns: Turns;
  /** Added to with each write; counts of its own by default. */
  readonly counts?: OperationCounts;
}

/** Position of an entry, and whether somebody here waits for its result. */
interface EntryContext {
  readonly index: number;
  readonly term: number;
  readonly wantsReply: boolean;
}

const NOTHING_CHANGED: ApplyOutcome = applied(0, undefined, false);

export class Applier {
  readonly #options: ApplierOptions;
  readonly #store: StoreWrites;
  readonly #counts: OperationCounts;
  readonly #settleSource: SettleSource;
  readonly #auth: AuthStore;
  readonly #judge: Judge;
  /** Into the open transaction. */
  readonly #rows: RowSink = (table, key, value) => {
    this.#store.setRow(table, key, value);
  };
  /** Who asked for the entry at hand. */
  readonly #caller: EntryCaller = new EntryCaller();
  readonly #reader = new WireReader();
  readonly #entry = new EntryView();
  readonly #put = new PutView();
  readonly #delete = new DeleteView();
  readonly #compaction = new CompactionView();
  #lastIndex: number;
  /** An entry that waits for records; no other may be applied meanwhile. */
  #waiting = false;

  constructor(options: ApplierOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#counts = options.counts ?? createOperationCounts();
    this.#auth = options.auth ?? new AuthStore();
    this.#judge = { auth: this.#auth, leases: options.leases };
    this.#lastIndex = options.consistentIndex;
    const { store, turns } = options;
    this.#settleSource = { store, turns, openReadView: (revision) => store.openReadView(revision) };
  }

  /**
   * Applies the entry at `index`. Indexes ascend; the caller leaves out entries at or below the consistent index (see
   * `replay`) and applies membership changes itself. `data` must not change before the outcome is there.
   * Throws `AssertionError` for an entry that cannot be applied: the member stops, since skipping it would diverge.
   */
  apply(
    index: number,
    term: number,
    data: Uint8Array,
    wantsReply: boolean,
  ): ApplyOutcome | Promise<ApplyOutcome> {
    assert(!this.#waiting, "an entry was applied while another one waits for records");
    assert(index > this.#lastIndex, () => `entry ${String(index)} after ${String(this.#lastIndex)}`);
    this.#lastIndex = index;
    const context = { index, term, wantsReply };
    if (data.length === 0) return this.#applyNothing(context);
    try {
      return this.#dispatch(data, context);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      assert(false, `entry ${String(index)} is malformed: ${error.message}`);
    }
  }

  /**
   * Takes note of an entry whose changes the store already has, after a restart: the cluster's version, attributes and
   * downgrade are also kept in memory. The store is not touched.
   */
  replay(data: Uint8Array): void {
    const v2 = parseV2Request(data);
    if (v2 !== undefined) applyV2Request(v2, this.#options.cluster, () => undefined);
    if (v2 !== undefined || data.length === 0) return;
    decodeEntry(this.#reader, data, this.#entry);
    const { operation, start, end } = this.#entry;
    if (!isClusterOperation(operation)) return;
    applyClusterOperation(operation, data.subarray(start, end), this.#options.cluster, () => undefined);
  }

  #dispatch(data: Uint8Array, context: EntryContext): ApplyOutcome | Promise<ApplyOutcome> {
    const entry = this.#entry;
    const v2 = parseV2Request(data);
    if (v2 !== undefined) return this.#applyV2(v2, context);
    decodeEntry(this.#reader, data, entry);
    if (this.#auth.enabled) this.#caller.read(data, entry);
    switch (entry.operation) {
      case OPERATION.put:
        return this.#applyPut(data, context);
      case OPERATION.txn:
        return this.#applyTxn(decodeTxn(data, entry.start, entry.end), context);
      case OPERATION.deleteRange:
        return this.#applyDelete(data, context);
      case OPERATION.compaction:
        return this.#applyCompaction(data, context);
      case OPERATION.leaseGrant:
        return this.#applyLeaseGrant(data, context);
      case OPERATION.leaseRevoke:
        return this.#applyLeaseRevoke(data, context);
      case OPERATION.leaseCheckpoint:
        return this.#applyLeaseCheckpoint(data, context);
      default:
        return isAuthOperation(entry.operation)
          ? this.#applyAuth(data, context)
          : this.#applyRare(data, context);
    }
  }

  #applyPut(data: Uint8Array, context: EntryContext): ApplyOutcome | Promise<ApplyOutcome> {
    const put = this.#put;
    put.reset();
    this.#reader.reset(data, this.#entry.start, this.#entry.end);
    decodePut(this.#reader, put);
    const barred = this.#barredByAlarm(true);
    if (barred !== undefined) return this.#refuse(context, barred);
    const denied = this.#auth.enabled ? checkPutPermission(this.#judge, this.#caller, put) : undefined;
    if (denied !== undefined) return this.#refuse(context, denied);
    // The common put depends on nothing that is stored, so it needs neither a source of records nor a check.
    if (!put.ignoreValue && !put.ignoreLease && !put.prevKv && put.lease === 0n) {
      return this.#writePlainPut(put, context);
    }
    const records = new RecordSource(this.#store);
    const state = { store: this.#store, atRevision: LATEST, records };
    const refusal = checkPut(put, state, this.#options.leases);
    if (refusal !== undefined) return this.#refuse(context, refusal);
    if (!records.hasMissing) return this.#writePut(put, records, context);
    return this.#afterLoading(records, () => this.#writePut(put, records, context));
  }

  #writePlainPut(put: PutView, context: EntryContext): ApplyOutcome {
    const { leases, space } = this.#options;
    if (leases.hasAttachments) return this.#writePut(put, new RecordSource(this.#store), context);
    const store = this.#store;
    const overQuota = !hasRoom(space, putCost(put));
    store.begin(context.index, context.term);
    const { buffer } = put;
    const counts = this.#counts;
    counts.puts += 1;
    counts.putBytes += put.keyEnd - put.keyStart + (put.valueEnd - put.valueStart);
    store.put(buffer, put.keyStart, put.keyEnd, buffer, put.valueStart, put.valueEnd, 0n);
    return applied(store.end(), undefined, overQuota);
  }

  #writePut(put: PutView, records: RecordSource, context: EntryContext): ApplyOutcome {
    const overQuota = !hasRoom(this.#options.space, putCost(put));
    return this.#write(context, records, overQuota, (execution) => {
      const previous = executePut(put, execution);
      const quotes = quotePrevious(put, previous, execution);
      return quotes === undefined ? undefined : { kind: "put", revision: 0, quotes };
    });
  }

  #applyDelete(data: Uint8Array, context: EntryContext): ApplyOutcome {
    const remove = this.#delete;
    remove.reset();
    this.#reader.reset(data, this.#entry.start, this.#entry.end);
    decodeDelete(this.#reader, remove);
    const barred =
      this.#barredByAlarm(false) ??
      (this.#auth.enabled ? checkDeletePermission(this.#judge, this.#caller, remove) : undefined);
    if (barred !== undefined) return this.#refuse(context, barred);
    const records = new RecordSource(this.#store);
    return this.#write(context, records, false, (execution) => executeDelete(remove, execution));
  }

  #applyTxn(txn: TxnNode, context: EntryContext): ApplyOutcome | Promise<ApplyOutcome> {
    const cost = txnCost(txn);
    const barred = this.#barredByAlarm(cost > 0) ?? checkTxnPermission(this.#judge, this.#caller, txn);
    if (barred !== undefined) return this.#refuse(context, barred);
    const records = new RecordSource(this.#store);
    const path = this.#planTxn(txn, records);
    if (typeof path === "string") return this.#refuse(context, path);
    if (path !== undefined) return this.#writeTxn(path, { records, cost, context });
    return this.#applyTxnLater(txn, { records, cost, context });
  }

  async #applyTxnLater(
    txn: TxnNode,
    rest: { readonly records: RecordSource; readonly cost: number; readonly context: EntryContext },
  ): Promise<ApplyOutcome> {
    let path: TxnPath | RefusalCode | undefined;
    while (path === undefined) {
      path = await this.#afterLoading(rest.records, () => this.#planTxn(txn, rest.records));
    }
    return typeof path === "string" ? this.#refuse(rest.context, path) : this.#writeTxn(path, rest);
  }

  /** The checked path, why there is none, or undefined when records must be loaded first. */
  #planTxn(txn: TxnNode, records: RecordSource): TxnPath | RefusalCode | undefined {
    const state = { store: this.#store, atRevision: LATEST, records };
    const path = decidePath(txn, state);
    if (path === undefined) return undefined;
    const refusal = checkPath(path, state, this.#options.leases);
    return refusal ?? (records.hasMissing ? undefined : path);
  }

  #writeTxn(
    path: TxnPath,
    rest: { readonly records: RecordSource; readonly cost: number; readonly context: EntryContext },
  ): ApplyOutcome {
    const overQuota = !hasRoom(this.#options.space, rest.cost);
    const counts = this.#counts;
    const before = counts.puts + counts.deletes + counts.ranges;
    const outcome = this.#write(rest.context, rest.records, overQuota, (execution) =>
      executePath(path, execution),
    );
    if (counts.puts + counts.deletes + counts.ranges - before > 1) counts.txns += 1;
    return outcome;
  }

  #applyCompaction(data: Uint8Array, context: EntryContext): ApplyOutcome {
    const compaction = this.#compaction;
    compaction.revision = 0;
    this.#reader.reset(data, this.#entry.start, this.#entry.end);
    decodeCompaction(this.#reader, compaction);
    if (this.#options.alarms.corrupt) return this.#refuse(context, "corrupt");
    this.#store.begin(context.index, context.term);
    const refusal = this.#store.compact(compaction.revision);
    const revision = this.#store.end();
    return refusal === undefined ? applied(revision, undefined, false) : refused(refusal, revision);
  }

  #applyLeaseGrant(data: Uint8Array, context: EntryContext): ApplyOutcome {
    const barred = this.#barredByAlarm(true);
    if (barred !== undefined) return this.#refuse(context, barred);
    const overQuota = !hasRoom(this.#options.space, LEASE_GRANT_COST_BYTES);
    const store = this.#store;
    store.begin(context.index, context.term);
    this.#reader.reset(data, this.#entry.start, this.#entry.end);
    const answer = executeGrant(this.#reader, { store, leases: this.#options.leases });
    const revision = store.end();
    if (typeof answer === "string") return refused(answer, revision);
    return applied(revision, context.wantsReply && !overQuota ? answer : undefined, overQuota);
  }

  #applyLeaseRevoke(data: Uint8Array, context: EntryContext): ApplyOutcome {
    const barred = this.#barredByAlarm(false);
    if (barred !== undefined) return this.#refuse(context, barred);
    this.#reader.reset(data, this.#entry.start, this.#entry.end);
    const id = decodeLeaseId(this.#reader);
    const { leases } = this.#options;
    const denied = checkLeasePermission(this.#judge, this.#caller, "write", id);
    if (denied !== undefined) return this.#refuse(context, denied);
    if (!leases.exists(id)) return this.#refuse(context, "lease-not-found");
    const store = this.#store;
    store.begin(context.index, context.term);
    executeRevoke(id, { store, leases });
    return applied(store.end(), undefined, false);
  }

  #applyLeaseCheckpoint(data: Uint8Array, context: EntryContext): ApplyOutcome {
    const store = this.#store;
    const { leases, cluster } = this.#options;
    store.begin(context.index, context.term);
    this.#reader.reset(data, this.#entry.start, this.#entry.end);
    executeCheckpoint(this.#reader, { store, leases }, cluster.version);
    return applied(store.end(), undefined, false);
  }

  #applyAuth(data: Uint8Array, context: EntryContext): ApplyOutcome | Promise<ApplyOutcome> {
    const { operation, start, end } = this.#entry;
    const request = data.subarray(start, end);
    const plain = hashNeeded(operation, request);
    if (plain === undefined) return this.#changeAuth(request, context, undefined);
    return this.#afterHashing(plain, (hashed) => this.#changeAuth(request, context, hashed));
  }

  #changeAuth(request: Uint8Array, context: EntryContext, hashed: Uint8Array | undefined): ApplyOutcome {
    const store = this.#store;
    store.begin(context.index, context.term);
    const answer = applyAuthOperation(this.#entry.operation, request, {
      auth: this.#auth,
      caller: this.#caller,
      index: context.index,
      hashed,
      rows: this.#rows,
    });
    const revision = store.end();
    if (typeof answer === "string") return refused(answer, revision);
    return applied(revision, context.wantsReply ? answer : undefined, false);
  }

  /** Operations that come once in a while: they may cost what they like. */
  #applyRare(data: Uint8Array, context: EntryContext): ApplyOutcome {
    const { operation, start, end } = this.#entry;
    const content = data.subarray(start, end);
    const store = this.#store;
    // A read that went through the log has no effect, and nobody here waits for one.
    if (operation === OPERATION.range) return this.#applyNothing(context);
    store.begin(context.index, context.term);
    let body: readonly Uint8Array[] | undefined;
    if (operation === OPERATION.alarm) {
      body = applyAlarm(content, this.#options.alarms, (key, value) => {
        store.setRow("alarm", key, value);
      });
    } else {
      assert(
        isClusterOperation(operation),
        () => `entry ${String(context.index)}: operation ${String(operation)} is not known`,
      );
      applyClusterOperation(operation, content, this.#options.cluster, this.#rows);
      // Every member publishes itself at each start, so this comes early in every life.
      this.#auth.keepRevision(this.#rows);
    }
    return applied(store.end(), context.wantsReply ? body : undefined, false);
  }

  #applyV2(request: V2Request, context: EntryContext): ApplyOutcome {
    const store = this.#store;
    assert(
      request.kind !== "unknown",
      () => `entry ${String(context.index)} is an unsupported v2 request: ${JSON.stringify(request)}`,
    );
    store.begin(context.index, context.term);
    applyV2Request(request, this.#options.cluster, this.#rows);
    this.#auth.keepRevision(this.#rows);
    return applied(store.end(), undefined, false);
  }

  /** Why an alarm stops this write; `needsRoom` when it could make the store grow. */
  #barredByAlarm(needsRoom: boolean): RefusalCode | undefined {
    const { alarms } = this.#options;
    if (alarms.corrupt) return "corrupt";
    return needsRoom && alarms.noSpace ? "no-space" : undefined;
  }

  /** Runs `change` inside the transaction of the entry and makes the outcome of what it replies. */
  #write(
    context: EntryContext,
    records: RecordSource,
    overQuota: boolean,
    change: (execution: Execution) => Reply | undefined,
  ): ApplyOutcome {
    const { leases } = this.#options;
    const store = this.#store;
    const wantsReply = context.wantsReply && !overQuota;
    const baseRevision = store.revision;
    store.begin(context.index, context.term);
    const reply = change({ store, leases, records, baseRevision, wantsReply, counts: this.#counts });
    const revision = store.end();
    const body = reply === undefined || !wantsReply ? undefined : settleReply(this.#settleSource, reply);
    return applied(revision, body, overQuota);
  }

  #refuse(context: EntryContext, refusal: RefusalCode): ApplyOutcome {
    this.#store.begin(context.index, context.term);
    return refused(refusal, this.#store.end());
  }

  #applyNothing(context: EntryContext): ApplyOutcome {
    this.#store.begin(context.index, context.term);
    this.#store.end();
    return NOTHING_CHANGED;
  }

  /** Hashes a password and then goes on; no entry may be applied meanwhile. */
  async #afterHashing<T>(password: Uint8Array, proceed: (hashed: Uint8Array) => T): Promise<T> {
    this.#waiting = true;
    try {
      return proceed(await this.#auth.tokens.hashPassword(password));
    } finally {
      this.#waiting = false;
    }
  }

  /** Loads what `records` miss and then goes on; no entry may be applied meanwhile. */
  async #afterLoading<T>(records: RecordSource, proceed: () => T): Promise<T> {
    this.#waiting = true;
    const view = this.#store.openReadView(this.#store.revision);
    try {
      await records.loadMissing();
      return proceed();
    } finally {
      this.#waiting = false;
      view.release();
    }
  }
}
