/**
 * What a member is when it starts: its ids, its log, and where raft goes on. Either the data directory says it, or, when there
 * is no log yet, the configuration does.
 *
 * Checks made here: the store and the log must meet. A store that is behind the beginning of the log, or ahead of its end,
 * means that files were lost or mixed, and starting would lose or invent history.
 */
import type { ClusterRecord, StoreDriver } from "@quorate/machine";
import { formatMember } from "@quorate/machine";
import {
  emptyHardState,
  MemoryLogStorage,
  type ConfState,
  type Entry,
  type HardState,
  type Peer,
} from "@quorate/raft";
import type { MemberConfig } from "./config/config.js";
import { computeClusterId, computeMemberId } from "./member-ids.js";

/** A start that can't be made; the text tells the operator what to do. */
export class BootstrapError extends Error {
  override readonly name = "BootstrapError";
}

/** Who a member without a log is. */
export interface Birth {
  readonly memberId: bigint;
  readonly clusterId: bigint;
  /** All members at bootstrap, ascending by id; empty for one that joins: the log it gets will tell. */
  readonly peers: readonly Peer[];
  /** What is known of the others before the log tells: enough to answer them. */
  readonly remotes: readonly { readonly id: bigint; readonly peerUrls: readonly string[] }[];
}

/** Ids and first members of a new cluster, from the configuration. @throws BootstrapError */
export function identityFromConfig(config: MemberConfig): Birth {
  if (config.initialClusterState === "existing") {
    throw new BootstrapError(
      "--initial-cluster-state=existing is not supported yet: this build runs single-member clusters",
    );
  }
  const members = [...config.initialCluster].map(([name, peerUrls]) => ({
    id: computeMemberId(peerUrls, config.initialClusterToken),
    name,
    peerUrls,
  }));
  members.sort((a, b) => (a.id < b.id ? -1 : 1));
  const own = members.find((member) => member.name === config.name);
  if (own === undefined) {
    throw new BootstrapError(
      `couldn't find local name "${config.name}" in the initial cluster configuration`,
    );
  }
  return {
    memberId: own.id,
    clusterId: computeClusterId(members.map((member) => member.id)),
    remotes: [],
    peers: members.map(({ id, name, peerUrls }) => ({
      id,
      context: Buffer.from(formatMember({ id, name, peerUrls, isLearner: false, clientUrls: [] })),
    })),
  };
}

export interface LoggedHistory {
  readonly hardState: HardState;
  /** Where the log begins. */
  readonly snapshot: {
    readonly index: number;
    readonly term: number;
    readonly confState: ConfState | undefined;
  };
  readonly entries: readonly Entry[];
}

/** What raft reads at start, from the log on disk and the store. @throws BootstrapError when the two do not meet. */
export function restoreLogStorage(
  history: LoggedHistory,
  store: StoreDriver,
  cluster: ClusterRecord,
): MemoryLogStorage {
  const { hardState, snapshot, entries } = history;
  const applied = store.consistentIndex;
  const last = entries.at(-1)?.index ?? snapshot.index;
  if (applied < snapshot.index) {
    throw new BootstrapError(
      `the store ends at index ${applied}, but the log begins at ${snapshot.index + 1}: entries between them are missing. ` +
        "Restore the data directory from a snapshot.",
    );
  }
  if (applied > last) {
    throw new BootstrapError(
      `the store has applied index ${applied}, but the log ends at ${last}: the log has lost its end. ` +
        "Restore the data directory from a snapshot.",
    );
  }
  const storage = new MemoryLogStorage();
  if (snapshot.index > 0) {
    const confState = snapshot.confState ?? cluster.confState;
    if (confState === undefined)
      throw new BootstrapError(`the log begins at ${snapshot.index} without a configuration`);
    storage.applySnapshot({
      data: new Uint8Array(0),
      metadata: { index: snapshot.index, term: snapshot.term, confState },
    });
  }
  storage.append(entries);
  if (cluster.confState !== undefined) storage.setConfState(cluster.confState);
  // Applied means committed: the commit index on disk may lag, since it is not written on its own.
  const commit = Math.max(hardState.commit, applied);
  storage.setHardState(hardState.term === 0 && commit === 0 ? emptyHardState : { ...hardState, commit });
  return storage;
}
