/** RawNode: the facade of the consensus core (signatures first; the body follows). */
import { unreachable } from "@quorate/std";
import type { ConfChange, ConfChangeV2, ConfState } from "./types/conf-change.js";
import type { Config } from "./types/config.js";
import type { Message } from "./types/message.js";
import type { HardState } from "./types/snapshot.js";
import type { Ready, SoftState } from "./types/ready.js";

/** "accepted", or why not; a refusal changes nothing. */
export type StepOutcome = "accepted" | "proposal-dropped" | "local-message" | "peer-not-found";

export type ProgressState = "StateProbe" | "StateReplicate" | "StateSnapshot";

/** A leader's view of one node, as a copy. */
export interface ProgressView {
  readonly match: number;
  readonly next: number;
  readonly state: ProgressState;
  readonly pendingSnapshot: number;
  readonly recentActive: boolean;
  readonly isLearner: boolean;
  readonly paused: boolean;
  readonly inflightCount: number;
  readonly inflightBytes: number;
}

export interface BasicStatus {
  readonly id: bigint;
  readonly hardState: HardState;
  readonly softState: SoftState;
  readonly applied: number;
  /** Target of a leadership transfer under way; 0 for none. */
  readonly leadTransferee: bigint;
}

export interface Status extends BasicStatus {
  readonly confState: ConfState;
  /** Only on the leader; empty elsewhere. Ascending ids. */
  readonly progress: ReadonlyMap<bigint, ProgressView>;
}

export interface Peer {
  readonly id: bigint;
  readonly context: Uint8Array;
}

const pending = (): never => unreachable(undefined as never);

export class RawNode {
  /** Asserts that the config is valid (`checkConfig`) and that storage is consistent with it. */
  constructor(config: Config) {
    void config;
  }
  /** Prepares the first start of a new group on empty storage: one conf change entry per peer, already committed. */
  bootstrap(peers: readonly Peer[]): void {
    pending();
    void peers;
  }
  tick(): void {
    pending();
  }
  campaign(): StepOutcome {
    return pending();
  }
  propose(data: Uint8Array): StepOutcome {
    void data;
    return pending();
  }
  /** One MsgProp with many entries: all accepted or all dropped. `datas` is not empty. */
  proposeBatch(datas: readonly Uint8Array[]): StepOutcome {
    void datas;
    return pending();
  }
  proposeConfChange(change: ConfChange | ConfChangeV2): StepOutcome {
    void change;
    return pending();
  }
  /** To be called for every committed conf change entry (nodeId 0 when refused by the application). */
  applyConfChange(change: ConfChange | ConfChangeV2): ConfState {
    void change;
    return pending();
  }
  /** A message from the network, or an answer of the local storage threads. */
  step(message: Message): StepOutcome {
    void message;
    return pending();
  }
  hasReady(): boolean {
    return pending();
  }
  ready(): Ready {
    return pending();
  }
  /** Synchronous mode only: the last Ready was persisted, sent and applied. */
  advance(): void {
    pending();
  }
  /** The answer comes as a ReadState with the same context, or never (no leader): ask again with a fresh one. */
  readIndex(requestContext: Uint8Array): void {
    void requestContext;
    pending();
  }
  transferLeader(transferee: bigint): void {
    void transferee;
    pending();
  }
  reportUnreachable(id: bigint): void {
    void id;
    pending();
  }
  reportSnapshot(id: bigint, status: "finish" | "failure"): void {
    void id;
    void status;
    pending();
  }
  forgetLeader(): StepOutcome {
    return pending();
  }
  status(): Status {
    return pending();
  }
  basicStatus(): BasicStatus {
    return pending();
  }
}
