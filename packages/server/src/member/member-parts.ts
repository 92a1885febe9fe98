/** What the driver is made of, and what it asks of those who build it. */
import type { ApplyOutcome, MembershipRefusal, StoreDriver } from "@quorate/machine";
import type {
  Entry,
  EventSink,
  MemoryLogStorage,
  Message,
  RawNode,
  SnapshotMetadata,
  StateRole,
} from "@quorate/raft";
import type { MemberPorts } from "./ports.js";
import type { QueueLimits } from "./queue-limits.js";

export interface AppliedConfChange {
  /** Request id of the change; 0n for one of the bootstrap. */
  readonly id: bigint;
  /** Why it was refused, or undefined. */
  readonly refusal: MembershipRefusal | undefined;
}

/** Applies what the log says. Implemented over the machine's applier and the member list. */
export interface EntryApplier {
  /** A normal entry; `wanted` says whether anybody here waits for the answer. */
  applyNormal(entry: Entry, wanted: boolean): ApplyOutcome | Promise<ApplyOutcome>;
  /** A configuration change: tells raft through `node`, also when the change is refused. */
  applyConfChange(entry: Entry, node: RawNode): AppliedConfChange;
}

/** Databases that travel between members. */
export interface MemberSnapshots {
  /** Sends the state as of now to `message.to`, in the background; the outcome is told to `reportSnapshot`. */
  send(message: Message): void;
  /** Raft has taken the snapshot: `install` follows as soon as what was committed before it is applied. */
  claim(index: number): void;
  /** Calls `record`, then makes the database that was received for this snapshot the member's own. */
  install(snapshot: SnapshotMetadata, record: () => Promise<void>): Promise<void>;
}

export interface MemberSettings {
  readonly memberId: bigint;
  readonly tickMs: number;
  readonly electionTicks: number;
  readonly preVote: boolean;
  /** Entries at or below are in the store already. */
  readonly appliedIndex: number;
  readonly appliedTerm: number;
  /** Commit index in the log on disk; what was applied may be ahead of it. */
  readonly loggedCommit: number;
}

export interface MemberParts {
  readonly settings: MemberSettings;
  readonly ports: MemberPorts;
  readonly storage: MemoryLogStorage;
  readonly store: StoreDriver;
  readonly applier: EntryApplier;
  readonly snapshots: MemberSnapshots;
  /** Those of `QUEUE_LIMITS` unless given. */
  readonly limits?: QueueLimits;
  /** What happens inside raft, for the log. */
  readonly events?: EventSink;
  /** Called after each applied group, with the newest applied index. */
  readonly onProgress: (appliedIndex: number) => void;
  /** A write that nobody here waits for took effect although the store is now above its quota; waiters see to it themselves. */
  readonly raiseSpaceAlarm: () => void;
  /** This member leads, and has applied the first entry of its term: what it sees now is all that was ever acknowledged. */
  readonly onLeading: () => void;
  /** Leader and role, whenever one of them changes. */
  readonly onRole: (leader: bigint, role: StateRole, term: number) => void;
}
