/** Entries that the server itself proposes about leases: revocations of expired ones, and checkpoints. */
import {
  EntryEncoder,
  OPERATION,
  ROOT_USER,
  WireWriter,
  bytesOf,
  requestIdPrefix,
  type ApplyOutcome,
  type LeaseCheckpoint,
} from "@quorate/machine";
import type { MemberFailure, MemberPort } from "../api/member-port.js";

const TAG_ID = 0x08;
const TAG_REMAINING_TTL = 0x10;
const TAG_CHECKPOINTS = 0x0a;
const MESSAGE_BYTES = 64;
const ROOT_BYTES = bytesOf(ROOT_USER);
const NO_USER = new Uint8Array(0);

/** What became of a proposal. */
export type ProposalResult = { readonly outcome: ApplyOutcome } | { readonly failure: MemberFailure };

export class LeaseProposals {
  readonly #member: MemberPort;
  readonly #encoder: EntryEncoder = new EntryEncoder();
  readonly #scratch: WireWriter = new WireWriter(MESSAGE_BYTES);
  readonly #part: WireWriter = new WireWriter(MESSAGE_BYTES);

  constructor(member: MemberPort) {
    this.#member = member;
  }

  revoke(id: bigint, onDone: (result: ProposalResult) => void): void {
    const message = this.#scratch;
    message.reset();
    message.bigInt64(TAG_ID, id);
    this.#propose(OPERATION.leaseRevoke, onDone);
  }

  checkpoint(checkpoints: readonly LeaseCheckpoint[]): Promise<ProposalResult> {
    const message = this.#scratch;
    const part = this.#part;
    message.reset();
    for (const { id, remainingTtl } of checkpoints) {
      part.reset();
      part.bigInt64(TAG_ID, id);
      part.int64(TAG_REMAINING_TTL, remainingTtl);
      message.bytes(TAG_CHECKPOINTS, part.buffer, 0, part.length);
    }
    return new Promise((resolve) => {
      this.#propose(OPERATION.leaseCheckpoint, resolve);
    });
  }

  #propose(operation: number, onDone: (result: ProposalResult) => void): void {
    const member = this.#member;
    const suffix = member.nextRequestSuffix();
    const message = this.#scratch.buffer.subarray(0, this.#scratch.length);
    const { auth } = member;
    // The keys of an expired lease go whoever wrote them.
    const header = {
      idPrefix: requestIdPrefix(member.memberId),
      idSuffix: suffix,
      user: auth.enabled ? ROOT_BYTES : NO_USER,
      authRevision: auth.enabled ? auth.revision : 0,
    };
    member.propose(this.#encoder.encode(operation, message, header), suffix, {
      // The next leader may have renewed the lease.
      onlyAsLeader: true,
      onApplied: (outcome) => {
        onDone({ outcome });
      },
      onFailed: (failure) => {
        onDone({ failure });
      },
    });
  }
}
