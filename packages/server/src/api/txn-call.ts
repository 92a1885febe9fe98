/** One read-only transaction: after the barrier, unless it is serializable, it is answered from one revision of the store. */
import type { DeferredBody, TxnAnswer, TxnNode, TxnReader } from "@quorate/machine";
import type { UnaryCall } from "@quorate/rpc";
import type { MemberFailure, MemberPort, ReadWaiter } from "./member-port.js";
import type { BodyHolder, Replies } from "./replies.js";
import { failCall } from "./to-status.js";

export interface TxnCallParts {
  readonly member: MemberPort;
  readonly replies: Replies;
  readonly reader: TxnReader;
  readonly onError: (error: unknown) => void;
}

export class TxnCall implements ReadWaiter, BodyHolder {
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
    const revision = this.#parts.member.store.revision;
    const answer = this.#parts.reader.read(this.#txn);
    if (!(answer instanceof Promise)) this.#reply(answer, revision);
    else
      answer.then((later) => {
        this.#reply(later, revision);
      }, this.#parts.onError);
  }

  onFailed(failure: MemberFailure): void {
    failCall(this.#call, failure);
  }

  #reply(answer: TxnAnswer, revision: number): void {
    const { replies } = this.#parts;
    if (typeof answer === "string") failCall(this.#call, answer);
    else if (!this.#call.ended) {
      replies.begin(revision);
      replies.sendWith(this.#call, answer, this);
    } else if ("deferred" in answer) answer.release();
  }
}
