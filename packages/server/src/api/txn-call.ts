/**
 * One read-only transaction: after the barrier, unless it is serializable, it is answered from one revision of the store. One
 * that reads intervals goes through the gate for reads in between.
 */
import { isPoint, type DeferredBody, type OpNode, type TxnAnswer, type TxnNode } from "@quorate/machine";
import type { UnaryCall } from "@quorate/rpc";
import type { Permissions } from "./auth/permissions.js";
import type { CurrentReaders } from "./current-readers.js";
import type { MemberFailure, MemberPort, ReadWaiter } from "./member-port.js";
import type { GatedRead, Rest } from "./read-gate.js";
import { failCongested, type BodyHolder, type Replies } from "./replies.js";
import { failCall } from "./to-status.js";

export interface TxnCallParts {
  readonly member: MemberPort;
  readonly replies: Replies;
  readonly permissions: Permissions;
  readonly readers: CurrentReaders;
  readonly onError: (error: unknown) => void;
}

export class TxnCall implements ReadWaiter, GatedRead, BodyHolder {
  body: DeferredBody | undefined = undefined;
  readonly #call: UnaryCall;
  readonly #txn: TxnNode;
  readonly #parts: TxnCallParts;

  /** Call it in the handler. The bytes behind `txn` must stay as they are. */
  constructor(call: UnaryCall, txn: TxnNode, parts: TxnCallParts) {
    this.#call = call;
    this.#txn = txn;
    this.#parts = parts;
    call.onCancel(() => {
      this.body?.release();
    });
  }

  onReady(): void {
    if (this.#call.ended) return;
    const { success, failure } = this.#txn;
    if (success.every(readsOneKey) && failure.every(readsOneKey)) void this.begin()?.();
    else this.#parts.replies.gate.enter(this.#call.peer, this);
  }

  /** Reads, and answers when everything is in memory. */
  begin(): Rest | undefined {
    if (this.#call.ended) return undefined;
    if (this.#call.congested) {
      failCongested(this.#call);
      return undefined;
    }
    const refusal = this.#parts.permissions.checkTxn(this.#call, this.#txn);
    if (refusal !== undefined) {
      failCall(this.#call, refusal);
      return undefined;
    }
    const revision = this.#parts.member.store.revision;
    const answer = this.#parts.readers.txns.read(this.#txn);
    if (!(answer instanceof Promise)) return this.#reply(answer, revision);
    const reply = answer.then((later) => this.#reply(later, revision));
    reply.catch(this.#parts.onError);
    return () => reply.then((rest) => rest?.(), nothing);
  }

  onFailed(failure: MemberFailure): void {
    failCall(this.#call, failure);
  }

  /** @returns what is left to do. */
  #reply(answer: TxnAnswer, revision: number): Rest | undefined {
    const { replies } = this.#parts;
    if (typeof answer === "string") failCall(this.#call, answer);
    else if (!this.#call.ended) {
      replies.begin(revision);
      return replies.sendOrDefer(this.#call, answer, this);
    } else if ("deferred" in answer) answer.release();
    return undefined;
  }
}

/** Reported already. */
function nothing(): void {}

function readsOneKey(op: OpNode): boolean {
  return op.kind === "range" && isPoint(op);
}
