/**
 * Requests that the member itself puts into the log: its own attributes, the cluster version, alarms, automatic compactions.
 * They are rare, so they use the generated codec and promises.
 */
import type { ApplyOutcome } from "@quorate/machine";
import { create, etcdserverpb, toBinary, type MessageInitShape } from "@quorate/proto";
import type { MemberFailure } from "../api/member-port.js";
import type { Member } from "./member.js";

export type RequestInit = Omit<
  MessageInitShape<typeof etcdserverpb.InternalRaftRequestSchema>,
  "header" | "$typeName"
>;

/** Why a request of the member's own was not applied. */
export class ProposalError extends Error {
  override readonly name = "ProposalError";
  readonly failure: MemberFailure;

  constructor(failure: MemberFailure) {
    super(typeof failure === "string" ? failure : failure.unknown);
    this.failure = failure;
  }
}

/** As `proposeRequest`, with an entry that `encode` makes for the request id it is given. */
export function proposeEntry(
  member: Member,
  encode: (requestId: bigint) => Uint8Array,
): Promise<ApplyOutcome> {
  const suffix = member.ids.nextSuffix();
  const entry = encode(member.ids.idOf(suffix));
  return new Promise((resolve, reject) => {
    member.propose(entry, suffix, {
      onApplied: resolve,
      onFailed: (failure) => reject(new ProposalError(failure)),
    });
  });
}

/** Resolves when the request has been applied here. @throws ProposalError when it was not, as far as is known. */
export function proposeRequest(member: Member, request: RequestInit): Promise<ApplyOutcome> {
  return proposeEntry(member, (ID) => {
    const message = create(etcdserverpb.InternalRaftRequestSchema, { ...request, header: { ID } });
    return toBinary(etcdserverpb.InternalRaftRequestSchema, message);
  });
}
