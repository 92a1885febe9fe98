/**
 * The KV service. Each request is read where it lies in the socket's buffer, checked, and then either proposed as it came or
 * answered from the store; a linearizable read waits for the read barrier in between.
 */
import {
  CompactionView,
  DeleteView,
  OPERATION,
  PutView,
  RangeView,
  WireReader,
  decodeCompaction,
  decodeDelete,
  decodePut,
  decodeRange,
  decodeTxn,
  putCost,
  txnCost,
} from "@quorate/machine";
import type { ServerStreamCall, UnaryCall } from "@quorate/rpc";
import type { Permissions } from "./auth/permissions.js";
import { CurrentReaders } from "./current-readers.js";
import type { GuardedMethod } from "./guard.js";
import type { MemberPort } from "./member-port.js";
import type { Proposals } from "./proposals.js";
import { RangeCall, type RangeCallParts } from "./range-call.js";
import { RangeStreamCall } from "./range-stream-call.js";
import type { Replies } from "./replies.js";
import type { ResponseHeaders } from "./header.js";
import type { SpaceGuard } from "./space-guard.js";
import { failCall } from "./to-status.js";
import { TxnCall } from "./txn-call.js";
import { checkDelete, checkPut, checkRange, checkRangeStream } from "./validate/check-request.js";
import { contain } from "./validate/contain.js";
import { checkTxn, isReadOnly, isSerializable } from "./validate/check-txn.js";

export interface KvServiceOptions {
  readonly member: MemberPort;
  readonly headers: ResponseHeaders;
  readonly replies: Replies;
  readonly proposals: Proposals;
  readonly space: SpaceGuard;
  readonly permissions: Permissions;
  /** --max-txn-ops. */
  readonly txnOpsMax: number;
  /** --max-request-bytes: also what a chunk of RangeStream aims at. */
  readonly requestBytesMax: number;
  /** Takes faults that are not the client's. */
  readonly onError: (error: unknown) => void;
}

export class KvService {
  readonly #options: KvServiceOptions;
  readonly #readers: CurrentReaders;
  // One view of each kind, used again for every request: handlers are synchronous.
  readonly #reader: WireReader = new WireReader();
  readonly #put: PutView = new PutView();
  readonly #range: RangeView = new RangeView();
  readonly #delete: DeleteView = new DeleteView();
  readonly #compaction: CompactionView = new CompactionView();
  readonly #rangeParts: RangeCallParts;

  constructor(options: KvServiceOptions) {
    this.#options = options;
    const { member, replies, permissions } = options;
    const readers = new CurrentReaders(member);
    this.#readers = readers;
    const [wire, view] = [this.#reader, this.#range];
    this.#rangeParts = { member, replies, permissions, readers, wire, view };
  }

  /** The methods of `etcdserverpb.KV`. */
  methods(): Readonly<Record<string, GuardedMethod>> {
    return {
      Range: {
        method: { kind: "unary", handler: this.#handleRange },
        onLearner: (message) => this.#decodeRange(message).serializable,
      },
      RangeStream: {
        method: { kind: "server-stream", handler: this.#handleRangeStream },
        onLearner: false,
      },
      Put: { method: { kind: "unary", handler: this.#handlePut }, onLearner: false },
      DeleteRange: { method: { kind: "unary", handler: this.#handleDelete }, onLearner: false },
      Txn: { method: { kind: "unary", handler: this.#handleTxn }, onLearner: false },
      Compact: { method: { kind: "unary", handler: this.#handleCompact }, onLearner: false },
    };
  }

  readonly #handlePut = (call: UnaryCall, message: Uint8Array): void => {
    const put = this.#put;
    put.reset();
    this.#reader.reset(message, 0, message.length);
    decodePut(this.#reader, put);
    const { space, proposals } = this.#options;
    // A full store is reported before anything else is looked at.
    if (!space.admits(putCost(put))) {
      this.#refuseForSpace(call);
      return;
    }
    const refusal = checkPut(put);
    if (refusal === undefined) proposals.submit(call, OPERATION.put, message);
    else failCall(call, refusal);
  };

  readonly #handleDelete = (call: UnaryCall, message: Uint8Array): void => {
    const remove = this.#delete;
    remove.reset();
    this.#reader.reset(message, 0, message.length);
    decodeDelete(this.#reader, remove);
    const refusal = checkDelete(remove);
    if (refusal === undefined) this.#options.proposals.submit(call, OPERATION.deleteRange, message);
    else failCall(call, refusal);
  };

  readonly #handleRange = (call: UnaryCall, message: Uint8Array): void => {
    const range = this.#decodeRange(message);
    const refusal = checkRange(range);
    if (refusal !== undefined) {
      failCall(call, refusal);
      return;
    }
    const read = new RangeCall(call, this.#rangeParts);
    if (range.serializable) read.answer(range);
    else read.wait(message);
  };

  #decodeRange(message: Uint8Array): RangeView {
    const range = this.#range;
    range.reset();
    this.#reader.reset(message, 0, message.length);
    decodeRange(this.#reader, range);
    return range;
  }

  readonly #handleRangeStream = (call: ServerStreamCall, message: Uint8Array): void => {
    // Kept for as long as the stream lasts.
    const range = Object.assign(new RangeView(), this.#decodeRange(new Uint8Array(message)));
    const refusal = checkRangeStream(range);
    if (refusal === undefined) new RangeStreamCall(call, range, this.#streamOptions()).start();
    else failCall(call, refusal);
  };

  #streamOptions(): ConstructorParameters<typeof RangeStreamCall>[2] {
    const { member, headers, permissions, requestBytesMax, onError } = this.#options;
    const readers = this.#readers;
    return { member, headers, permissions, readers, chunkBytesTarget: requestBytesMax, onError };
  }

  readonly #handleTxn = (call: UnaryCall, message: Uint8Array): void => {
    const { space, proposals, txnOpsMax } = this.#options;
    const txn = contain(decodeTxn, message, 0, message.length);
    if (!space.admits(contain(txnCost, txn))) {
      this.#refuseForSpace(call);
      return;
    }
    const refusal = contain(checkTxn, txn, txnOpsMax);
    if (refusal !== undefined) failCall(call, refusal);
    else if (isReadOnly(txn)) this.#readTxn(call, message, isSerializable(txn));
    else proposals.submit(call, OPERATION.txn, message);
  };

  #readTxn(call: UnaryCall, message: Uint8Array, serializable: boolean): void {
    const { member, replies, permissions, onError } = this.#options;
    // The reader may need the request in later turns, when the socket's buffer is used for something else.
    const kept = new Uint8Array(message);
    const read = new TxnCall(call, decodeTxn(kept, 0, kept.length), {
      member,
      replies,
      permissions,
      readers: this.#readers,
      onError,
    });
    if (serializable) read.onReady();
    else member.awaitReadIndex(read);
  }

  readonly #handleCompact = (call: UnaryCall, message: Uint8Array): void => {
    const compaction = this.#compaction;
    compaction.revision = 0;
    compaction.physical = false;
    this.#reader.reset(message, 0, message.length);
    decodeCompaction(this.#reader, compaction);
    const { proposals, member, onError } = this.#options;
    if (!compaction.physical) {
      proposals.submit(call, OPERATION.compaction, message);
      return;
    }
    // Also a revision that was compacted before waits until everything that was scheduled has been freed.
    proposals.submitWith(call, OPERATION.compaction, message, (outcome, proposal) => {
      if (outcome.refusal !== undefined && outcome.refusal !== "compacted") {
        proposal.answer(outcome);
        return;
      }
      member.storage.compactionsDone().then(() => {
        // The header tells the revision of the moment it is built.
        proposal.answer({ ...outcome, revision: 0 });
      }, onError);
    });
  };

  #refuseForSpace(call: UnaryCall): void {
    this.#options.space.raiseAlarm(() => {
      failCall(call, "no-space");
    });
  }
}
