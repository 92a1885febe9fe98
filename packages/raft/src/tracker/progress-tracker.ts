/**
 * The active configuration, the progress of everybody in it, and the votes of the election under way.
 * Source: upstream tracker/tracker.go.
 */
import { jointCommitted, jointIds, jointVote } from "../quorum/joint.js";
import type { AckedIndexer, Majority, VoteResult } from "../quorum/majority.js";
import { type ConfState, emptyConfState } from "../types/conf-change.js";
import { Inflights } from "./inflights.js";
import { Progress, type ProgressMap } from "./progress.js";

export interface Tally {
  readonly granted: number;
  readonly rejected: number;
  readonly result: VoteResult;
}

export class ProgressTracker implements AckedIndexer {
  /** The window of each follower: messages and bytes. */
  readonly inflightCountMax: number;
  readonly inflightBytesMax: number;
  #config: ConfState = emptyConfState;
  #progress: ProgressMap = new Map();
  readonly #votes = new Map<bigint, boolean>();

  constructor(inflightCountMax: number, inflightBytesMax: number) {
    this.inflightCountMax = inflightCountMax;
    this.inflightBytesMax = inflightBytesMax;
  }

  /** All lists sorted ascending. */
  get config(): ConfState {
    return this.#config;
  }

  /** Exactly the nodes of `config`, ascending. */
  get progress(): ProgressMap {
    return this.#progress;
  }

  /** Puts a configuration computed by confchange/ in force. */
  switchTo(config: ConfState, progress: ProgressMap): void {
    this.#config = config;
    this.#progress = progress;
  }

  /** Starts everybody afresh, as at the beginning of a term; `self` is known to have everything up to `lastIndex`. */
  resetProgress(self: bigint, lastIndex: number): void {
    const fresh = new Map<bigint, Progress>();
    for (const [id, old] of this.#progress) {
      const inflights = new Inflights(this.inflightCountMax, this.inflightBytesMax);
      fresh.set(id, new Progress(id === self ? lastIndex : 0, lastIndex + 1, old.isLearner, inflights));
    }
    this.#progress = fresh;
  }

  /** Voters of both halves, ascending. */
  voters(): Majority {
    return jointIds(this.#config.voters, this.#config.votersOutgoing);
  }

  ackedIndex(voter: bigint): number | undefined {
    return this.#progress.get(voter)?.match;
  }

  /** Highest index a quorum has acknowledged; `Infinity` without voters. */
  committed(): number {
    return jointCommitted(this.#config.voters, this.#config.votersOutgoing, this);
  }

  /** The index a quorum has acknowledged, by somebody else's count of acknowledgements. */
  quorumIndex(acked: AckedIndexer): number {
    return jointCommitted(this.#config.voters, this.#config.votersOutgoing, acked);
  }

  /** Whether a quorum was heard of since the last check. */
  quorumActive(): boolean {
    const active = new Map<bigint, boolean>();
    for (const [id, progress] of this.#progress) {
      if (!progress.isLearner) active.set(id, progress.recentActive);
    }
    return jointVote(this.#config.voters, this.#config.votersOutgoing, active) === "VoteWon";
  }

  resetVotes(): void {
    this.#votes.clear();
  }

  /** The first vote of a node stands. */
  recordVote(id: bigint, granted: boolean): void {
    if (!this.#votes.has(id)) this.#votes.set(id, granted);
  }

  hasVoted(id: bigint): boolean {
    return this.#votes.has(id);
  }

  tallyVotes(): Tally {
    let granted = 0;
    let rejected = 0;
    for (const [id, progress] of this.#progress) {
      const vote = progress.isLearner ? undefined : this.#votes.get(id);
      if (vote === true) granted++;
      else if (vote === false) rejected++;
    }
    return {
      granted,
      rejected,
      result: jointVote(this.#config.voters, this.#config.votersOutgoing, this.#votes),
    };
  }
}
