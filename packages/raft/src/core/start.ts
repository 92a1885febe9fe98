/** How a node comes to life: from storage, or as one of the first members of a new group. Source: upstream raft.go, bootstrap.go. */
import { assert } from "@quorate/std";
import { encodeConfChange } from "../confchange/codec.js";
import { toConfChangeV2 } from "../confchange/conf-change.js";
import { type ConfChange, ConfChangeType } from "../types/conf-change.js";
import type { CheckedConfig } from "../types/config.js";
import { createEntry } from "../types/entry.js";
import { NONE } from "../types/message.js";
import { isEmptyHardState } from "../types/snapshot.js";
import { applyConfChange, restoreConfiguration } from "./configuration.js";
import { Raft } from "./raft.js";
import { becomeFollower } from "./role.js";

/** A member of the group as it is first told about it. */
export interface Peer {
  readonly id: bigint;
  /** Opaque; becomes the context of the entry that adds the peer. */
  readonly context: Uint8Array;
}

/** A follower with the term, vote, commit index, log and configuration that storage holds. */
export function startFromStorage(config: CheckedConfig): Raft {
  const raft = new Raft(config);
  const { hardState, confState } = config.storage.initialState();
  const last = raft.log.lastEntryId();
  restoreConfiguration(raft, confState);
  if (!isEmptyHardState(hardState)) {
    assert(
      hardState.commit >= raft.log.committed && hardState.commit <= last.index,
      () =>
        `${raft.id.toString(16)} state.commit ${hardState.commit} is out of range [${raft.log.committed}, ${last.index}]`,
    );
    raft.log.loadCommitted(hardState.commit);
    raft.term = hardState.term;
    raft.vote = hardState.vote;
  }
  if (config.applied > 0) raft.log.appliedTo(config.applied, 0);
  becomeFollower(raft, raft.term, NONE);
  raft.emit({
    kind: "started",
    voters: raft.tracker.voters(),
    term: raft.term,
    commit: raft.log.committed,
    applied: raft.log.applied,
    lastIndex: last.index,
    lastTerm: last.term,
  });
  return raft;
}

/**
 * The first start of a new group: every member builds the same log of one conf change per peer, committed by convention.
 * The changes take effect at once, so that an election can follow, and again, to no effect, when they are applied.
 * Asserts empty storage.
 */
export function bootstrap(raft: Raft, peers: readonly Peer[]): void {
  assert(peers.length > 0, "must provide at least one peer to bootstrap");
  assert(
    raft.log.lastIndex() === 0,
    () => `can't bootstrap a nonempty storage, last index ${raft.log.lastIndex()}`,
  );
  becomeFollower(raft, 1, NONE);
  const changes = peers.map((peer): ConfChange => {
    return { id: 0n, type: ConfChangeType.ConfChangeAddNode, nodeId: peer.id, context: peer.context };
  });
  const entries = changes.map((change, i) => {
    const { type, data } = encodeConfChange(change);
    return createEntry(type, 1, i + 1, data);
  });
  raft.log.append(entries);
  raft.log.commitTo(entries.length);
  for (const change of changes) applyConfChange(raft, toConfChangeV2(change));
}
