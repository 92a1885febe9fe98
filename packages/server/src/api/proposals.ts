/**
 * Requests that go through the log: wrapped as an entry that says who asks, proposed, answered from the outcome. One object per request waits
 * for the outcome and for the client to leave, whichever comes first.
 */
import {
  EntryEncoder,
  OPERATION,
  requestIdPrefix,
  type ApplyOutcome,
  type DeferredBody,
  type EntryHeader,
} from "@quorate/machine";
import type { UnaryCall } from "@quorate/rpc";
import { APPLY_GAP_MAX, type MemberFailure, type MemberPort, type ProposalWaiter } from "./member-port.js";
import { NO_CALLER, type Identities } from "./auth/identities.js";
import type { BodyHolder, Replies } from "./replies.js";
import type { SpaceGuard } from "./space-guard.js";
import { failCall } from "./to-status.js";

export interface ProposalsOptions {
  readonly member: MemberPort;
  readonly replies: Replies;
  readonly space: SpaceGuard;
  readonly identities: Identities;
  /** --max-request-bytes, measured on the whole entry. */
  readonly requestBytesMax: number;
}

export class Proposals {
  readonly #options: ProposalsOptions;
  readonly #encoder: EntryEncoder = new EntryEncoder();
  readonly #idPrefix: number;

  constructor(options: ProposalsOptions) {
    this.#options = options;
    this.#idPrefix = requestIdPrefix(options.member.memberId);
  }

  /** Proposes a client's request and answers it from the outcome. Call it in the handler. */
  submit(call: UnaryCall, operation: number, message: Uint8Array): void {
    this.submitWith(call, operation, message, undefined);
  }

  /** As `submit`; a request that is applied goes to `onOutcome`, which answers. */
  submitWith(
    call: UnaryCall,
    operation: number,
    message: Uint8Array,
    onOutcome: OutcomeListener | undefined,
  ): void {
    const { member, identities } = this.#options;
    const suffix = member.nextRequestSuffix();
    // A login says who it is by itself, whatever token comes along.
    const caller = operation === OPERATION.authenticate ? NO_CALLER : identities.of(call);
    if (caller === "invalid-auth-token") {
      failCall(call, this.#lags() ? "too-many-requests" : caller);
      return;
    }
    const header: EntryHeader = {
      idPrefix: this.#idPrefix,
      idSuffix: suffix,
      user: caller.userBytes,
      authRevision: caller.revision,
    };
    const entry = this.#encoder.encode(operation, message, header);
    if (entry.length > this.#options.requestBytesMax) {
      // The gap comes before the size; for entries that are proposed, the member looks at it.
      failCall(call, this.#lags() ? "too-many-requests" : "request-too-large");
      return;
    }
    const proposal = new CallProposal(call, this.#options, suffix, onOutcome);
    call.onCancel(() => {
      proposal.cancel();
    });
    member.propose(entry, suffix, proposal);
  }

  #lags(): boolean {
    const { member } = this.#options;
    return member.committedIndex > member.appliedIndex + APPLY_GAP_MAX;
  }
}

export type OutcomeListener = (outcome: ApplyOutcome, proposal: CallProposal) => void;

export class CallProposal implements ProposalWaiter, BodyHolder {
  readonly call: UnaryCall;
  body: DeferredBody | undefined = undefined;
  readonly #options: ProposalsOptions;
  readonly #suffix: number;
  readonly #onOutcome: OutcomeListener | undefined;

  constructor(
    call: UnaryCall,
    options: ProposalsOptions,
    suffix: number,
    onOutcome: OutcomeListener | undefined,
  ) {
    this.call = call;
    this.#options = options;
    this.#suffix = suffix;
    this.#onOutcome = onOutcome;
  }

  onApplied(outcome: ApplyOutcome): void {
    if (this.#onOutcome === undefined || this.call.ended) this.answer(outcome);
    else this.#onOutcome(outcome, this);
  }

  onFailed(failure: MemberFailure): void {
    failCall(this.call, failure);
  }

  /** Answers the call from the outcome. */
  answer(outcome: ApplyOutcome): void {
    const { call } = this;
    const { body, refusal } = outcome;
    if (call.ended) {
      if (body !== undefined && "deferred" in body) body.release();
    } else if (refusal !== undefined) failCall(call, refusal);
    else if (outcome.overQuota) this.#failForSpace();
    else {
      const { replies } = this.#options;
      replies.begin(outcome.revision);
      if (body === undefined) replies.send(call);
      else replies.sendWith(call, body, this);
    }
  }

  #failForSpace(): void {
    this.#options.space.raiseAlarm(() => {
      failCall(this.call, "no-space");
    });
  }

  /** The client has left: what is held for it goes. */
  cancel(): void {
    if (this.body !== undefined) this.body.release();
    else this.#options.member.abandon(this.#suffix);
  }
}
