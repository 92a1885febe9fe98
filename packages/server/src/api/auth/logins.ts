/**
 * Logins: the password is checked here, outside of the log, then an entry without it makes every member take note of the token.
 *
 *     read barrier -> password against the stored hash -> entry -> has the auth store changed meanwhile? again : token
 *
 * Source: operations 4.6.
 */
import { byteStringOf, OPERATION, type ApplyOutcome, type AuthStore } from "@quorate/machine";
import { etcdserverpb } from "@quorate/proto";
import { getTextEncoding } from "@bufbuild/protobuf/wire";
import type { UnaryCall } from "@quorate/rpc";
import type { ReportPort } from "../../member/ports.js";
import { encodeMessage } from "../generated-codec.js";
import type { MemberFailure, MemberPort } from "../member-port.js";
import type { CredentialsPort } from "../ports/credentials-port.js";
import type { CallProposal, Proposals } from "../proposals.js";
import { failCall, failureText } from "../to-status.js";

export interface LoginParts {
  readonly member: Pick<MemberPort, "awaitReadIndex">;
  readonly auth: AuthStore;
  readonly credentials: CredentialsPort;
  readonly proposals: Proposals;
  readonly report: Pick<ReportPort, "info" | "warn">;
  /** Takes faults that are not the client's. */
  readonly onError: (error: unknown) => void;
}

/** One call of Authenticate. */
export class Login {
  readonly #call: UnaryCall;
  readonly #parts: LoginParts;
  /** As the client wrote it. */
  readonly #user: string;
  readonly #name: string;
  readonly #password: Uint8Array;

  constructor(call: UnaryCall, request: etcdserverpb.AuthenticateRequest, parts: LoginParts) {
    this.#call = call;
    this.#parts = parts;
    this.#user = request.name;
    this.#name = byteStringOf(getTextEncoding().encodeUtf8(request.name));
    this.#password = getTextEncoding().encodeUtf8(request.password);
  }

  start(): void {
    this.#parts.member.awaitReadIndex({
      onReady: () => {
        this.#check().catch(this.#parts.onError);
      },
      onFailed: (failure) => {
        failCall(this.#call, failure);
      },
    });
  }

  async #check(): Promise<void> {
    const { auth, credentials } = this.#parts;
    if (this.#call.ended) return;
    if (!auth.enabled) return this.#refuse("auth-not-enabled");
    const user = auth.user(this.#name);
    if (user === undefined) return this.#refuse("auth-failed");
    if (user.options?.noPassword === true) return this.#refuse("no-password-user");
    const checkedRevision = auth.revision;
    const attempt = { user: this.#name, password: this.#password, hash: user.password };
    const verdict = await credentials.matches(attempt, () => !this.#call.ended);
    if (this.#call.ended) return;
    if (typeof verdict === "object") failCall(this.#call, verdict.failure);
    else if (!verdict) this.#refuse("auth-failed");
    else this.#propose(checkedRevision);
  }

  /** Never says more than the name. */
  #refuse(failure: MemberFailure): void {
    if (failure !== "auth-not-enabled") {
      const fields = { user: this.#user, error: failureText(failure) };
      this.#parts.report.warn("invalid authentication was requested", fields);
    }
    failCall(this.#call, failure);
  }

  #propose(checkedRevision: number): void {
    const { proposals, credentials } = this.#parts;
    const request = { name: this.#user, simpleToken: credentials.createPrefix() };
    const message = encodeMessage(etcdserverpb.InternalAuthenticateRequestSchema, request);
    proposals.submitWith(this.#call, OPERATION.authenticate, message, (outcome, proposal) => {
      this.#finish(checkedRevision, outcome, proposal);
    });
  }

  #finish(checkedRevision: number, outcome: ApplyOutcome, proposal: CallProposal): void {
    const { auth, report, onError } = this.#parts;
    if (outcome.refusal !== undefined || auth.revision === checkedRevision) {
      proposal.answer(outcome);
      return;
    }
    // The password may have been another one when the entry was applied.
    if (outcome.body !== undefined && "deferred" in outcome.body) outcome.body.release();
    report.info("revision when password checked became stale; retrying");
    this.#check().catch(onError);
  }
}
