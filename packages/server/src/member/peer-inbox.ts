/**
 * What arrives from other members, on its way into the driver: messages of members that were removed, and those meant for
 * somebody else, are turned back at the door.
 *
 * A database is made ready (checked, imported, its index built) before raft hears of it. That takes a while, and meanwhile the
 * member votes and follows as ever; the sender waits for the answer.
 */
import type { Membership } from "@quorate/machine";
import { formatHexId } from "@quorate/proto";
import {
  decodeConfChange,
  EntryType,
  LOCAL_APPEND_THREAD,
  LOCAL_APPLY_THREAD,
  MessageType,
  NONE,
  type Entry,
  type Message,
  type SnapshotMetadata,
} from "@quorate/raft";
import type { Member } from "./member.js";
import type { PeerEvents, Reception } from "./peer-ports.js";
import type { ReportPort } from "./ports.js";

export interface PeerInboxParts {
  readonly memberId: bigint;
  readonly member: Member;
  readonly membership: () => Membership;
  readonly report: ReportPort;
  /**
   * Gets the database in `path`, which holds the state that the metadata name, ready; then calls `step`, which tells raft; resolves
   * with what that gave when the database is the member's own, or raft did not want it. One at a time.
   */
  readonly takeDatabase: (
    metadata: SnapshotMetadata,
    path: string,
    step: () => Reception,
  ) => Promise<Reception>;
  readonly onRemoved: (reason: string) => void;
}

export class PeerInbox implements PeerEvents {
  readonly #parts: PeerInboxParts;

  constructor(parts: PeerInboxParts) {
    this.#parts = parts;
  }

  receive(message: Message): Reception {
    // Raft would take a snapshot for news of a database that lies ready.
    if (message.type === MessageType.MsgSnap) return "failed";
    return this.#refusal(message) ?? this.#step(message);
  }

  #step(message: Message): Reception {
    this.#parts.member.receive(message);
    return this.#parts.member.stopped ? "failed" : "accepted";
  }

  async receiveSnapshot(message: Message, path: string): Promise<Reception> {
    const refusal = this.#refusal(message);
    if (refusal !== undefined) return refusal;
    const { member, report } = this.#parts;
    const metadata = message.snapshot?.metadata;
    // One that raft would ignore need not be made ready.
    if (metadata === undefined || metadata.index <= member.appliedIndex) return this.#step(message);
    try {
      return await this.#parts.takeDatabase(metadata, path, () => this.#step(message));
    } catch (error) {
      report.warn("failed to prepare a received database", { "snapshot-index": metadata.index, error });
      return "failed";
    }
  }

  #refusal(message: Message): Reception | undefined {
    const { to, from } = message;
    if (this.isRemoved(from)) {
      this.#parts.report.warn("rejected Raft message from removed member", {
        "local-member-id": formatHexId(this.#parts.memberId),
        "removed-member-id": formatHexId(from),
      });
      return "removed-member";
    }
    if (to !== this.#parts.memberId) {
      this.#parts.report.warn("rejected Raft message to mismatch member", {
        "local-member-id": formatHexId(this.#parts.memberId),
        "mismatch-member-id": formatHexId(to),
      });
      return "mismatched-member";
    }
    return this.#isOutOfPlace(message) ? "failed" : undefined;
  }

  /** Messages that no member sends, and that raft takes for mistakes of its own: they would stop us. */
  #isOutOfPlace({ type, from, entries }: Message): boolean {
    // Nobody in the network is this member, or one of its storage threads.
    if (from === NONE || from === this.#parts.memberId) return true;
    if (from === LOCAL_APPEND_THREAD || from === LOCAL_APPLY_THREAD) return true;
    if (type === MessageType.MsgReadIndex) return entries.length !== 1;
    return type === MessageType.MsgProp && (entries.length === 0 || !entries.every(isApplicable));
  }

  reportUnreachable(id: bigint): void {
    this.#parts.member.reportUnreachable(id);
  }

  reportSnapshot(id: bigint, delivered: boolean): void {
    this.#parts.member.reportSnapshot(id, delivered);
  }

  isRemoved(id: bigint): boolean {
    return this.#parts.membership().isRemoved(id);
  }

  onRemoved(reason: string): void {
    this.#parts.onRemoved(reason);
  }
}

/** Committed, an entry of another kind would stop every member for good. */
function isApplicable(entry: Entry): boolean {
  if (entry.type === EntryType.EntryNormal) return true;
  return entry.type === EntryType.EntryConfChange && decodeConfChange(entry) !== null;
}
