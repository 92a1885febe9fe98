/**
 * Comparisons of what members store, by hashes of it (HashKV): equal revisions that were compacted alike must have equal hashes.
 *
 * - at the start: own hash against all others', before anybody is served; a difference means that this member must not serve.
 * - by time: the leader against all others at its newest revision.
 * - of compactions: members hash what each compaction leaves, at the same revision; so members that are behind can be compared as well, and
 *   most of them, not the leader, decide who is wrong.
 *
 * A member that does not answer, or was compacted elsewhere, says nothing. Source: etcd `server/etcdserver/corrupt.go`.
 */
import { formatHexId } from "@quorate/proto";
import type { HashKvAnswer, MemberFailure } from "../api/member-port.js";
import type { ReportPort } from "../member/ports.js";

export interface PeerHash {
  readonly id: bigint;
  readonly peerUrls: readonly string[];
  /** `revision` is the newest one of its store; a text says why there is no hash. */
  readonly answer: (HashKvAnswer & { readonly revision: number }) | string;
}

export interface CorruptionChecksOptions {
  readonly memberId: bigint;
  /** The hash at the newest revision. */
  readonly hashNow: () => Promise<HashKvAnswer>;
  /** Revision of the store. */
  readonly revision: () => number;
  /** What compactions left, in any order. */
  readonly compactionHashes: () => readonly HashKvAnswer[];
  /** Asks all other members. Never rejects. */
  readonly askPeers: (revision: number) => Promise<readonly PeerHash[]>;
  /** @returns why nothing is known to be visible, or undefined once everything acknowledged is. */
  readonly linearize: () => Promise<MemberFailure | undefined>;
  /** Raises the alarm CORRUPT of a member; 0n when nobody knows whose data are wrong. */
  readonly raiseAlarm: (memberId: bigint) => void;
  readonly report: ReportPort;
  /** --corrupt-check-time and so on wait so long for others. */
  readonly requestTimeoutMs: number;
}

export class CorruptionChecks {
  readonly #options: CorruptionChecksOptions;
  /** Compactions up to here were found equal on all members. */
  #checkedRevision = 0;

  constructor(options: CorruptionChecksOptions) {
    this.#options = options;
  }

  /** @returns whether this member has what the others have, as far as they tell. */
  async checkAtStart(): Promise<boolean> {
    const { memberId, hashNow, askPeers, report, requestTimeoutMs } = this.#options;
    const local = { "local-member-id": formatHexId(memberId) };
    report.info("starting initial corruption check", { ...local, timeout: `${requestTimeoutMs}ms` });
    const own = await hashNow();
    const mine = describe("local-member", { ...own, revision: own.hashRevision });
    let isSound = true;
    for (const { id, peerUrls, answer } of await askPeers(own.hashRevision)) {
      const peer = { "remote-peer-id": formatHexId(id), "remote-peer-endpoints": peerUrls };
      if (typeof answer === "string") {
        const message = whyNoHash(answer);
        if (message !== undefined) report.warn(message, { ...local, ...mine, ...peer, error: answer });
        continue;
      }
      if (answer.hash === own.hash) continue;
      const isComparable = answer.compactRevision === own.compactRevision;
      if (isComparable) isSound = false;
      report.warn(
        isComparable
          ? "found different hash values from remote peer"
          : "found different compact revision values from remote peer",
        {
          ...local,
          ...mine,
          ...peer,
          ...describe("remote-peer", answer),
        },
      );
    }
    if (isSound) report.info("initial corruption checking passed; no corruption", local);
    return isSound;
  }

  /** On the leader. @returns why it could not be done, or undefined. */
  async checkPeers(): Promise<MemberFailure | undefined> {
    const { memberId, hashNow, revision, askPeers, linearize, raiseAlarm, report } = this.#options;
    const before = await hashNow();
    const peers = await askPeers(before.hashRevision);
    const failure = await linearize();
    if (failure !== undefined) return failure;
    const after = await hashNow();
    const newest = revision();
    // One alarm a round: the first finding may be the cause of the others.
    let accused: bigint | undefined;
    const accuse = (id: bigint, message: string, fields: Record<string, unknown>): void => {
      report.warn(message, fields);
      accused ??= id;
    };
    const isSameState =
      after.hashRevision === before.hashRevision && after.compactRevision === before.compactRevision;
    if (isSameState && after.hash !== before.hash) {
      accuse(memberId, "found hash mismatch", {
        "revision-1": before.hashRevision,
        "compact-revision-1": before.compactRevision,
        "hash-1": before.hash,
        "revision-2": after.hashRevision,
        "compact-revision-2": after.compactRevision,
        "hash-2": after.hash,
      });
    }
    let checkedCount = 0;
    for (const { id, answer } of peers) {
      if (typeof answer === "string") continue;
      checkedCount += 1;
      const follower = { "follower-peer-id": formatHexId(id), ...describe("follower", answer) };
      const leader = describe("leader", { ...after, revision: newest });
      if (answer.revision > newest)
        accuse(id, "revision from follower must be less than or equal to leader's", {
          ...leader,
          ...follower,
        });
      if (answer.compactRevision > after.compactRevision)
        accuse(id, "compact revision from follower must be less than or equal to leader's", {
          ...leader,
          ...follower,
        });
      if (answer.compactRevision === before.compactRevision && answer.hash !== before.hash)
        accuse(id, "same compact revision then hashes must match", {
          ...describe("leader", before),
          ...follower,
        });
    }
    if (accused !== undefined) raiseAlarm(accused);
    report.info("finished peer corruption check", { "number-of-peers-checked": checkedCount });
    return undefined;
  }

  /** On the leader: the newest compaction that all members have hashed, unless it was found equal before. */
  async checkCompactions(): Promise<void> {
    const { memberId, compactionHashes, askPeers, report, requestTimeoutMs } = this.#options;
    report.info("starting compact hash check", {
      "local-member-id": formatHexId(memberId),
      timeout: `${requestTimeoutMs}ms`,
    });
    const unchecked = compactionHashes()
      .filter(({ hashRevision }) => hashRevision > this.#checkedRevision)
      .sort((a, b) => b.hashRevision - a.hashRevision);
    let count = 0;
    for (const own of unchecked) {
      const peers = await askPeers(own.hashRevision);
      count += 1;
      if (peers.length > 0 && this.#compare(own, peers)) break;
    }
    report.info("finished compaction hash check", { "number-of-hashes-checked": count });
  }

  /** @returns whether no older compaction needs to be looked at. */
  #compare(own: HashKvAnswer, peers: readonly PeerHash[]): boolean {
    const { memberId, report } = this.#options;
    const idsByHash = new Map<number, bigint[]>([[own.hash, [memberId]]]);
    let checkedCount = 0;
    for (const { id, answer } of peers) {
      const reason = whyNotComparable(own, answer);
      if (reason !== undefined || typeof answer === "string") {
        report.warn("Skipped peer's hash", {
          "number-of-peers": peers.length,
          "leader-id": formatHexId(memberId),
          "peer-id": formatHexId(id),
          reason,
        });
        continue;
      }
      checkedCount += 1;
      const ids = idsByHash.get(answer.hash);
      if (ids === undefined) idsByHash.set(answer.hash, [id]);
      else ids.push(id);
    }
    if (idsByHash.size > 1) {
      this.#accuse(own, idsByHash, Math.floor((peers.length + 1) / 2) + 1);
      return true;
    }
    const fields = {
      "number-of-peers-checked": checkedCount,
      revision: own.hashRevision,
      compactRevision: own.compactRevision,
    };
    if (checkedCount < peers.length) {
      report.warn("skipped revision in compaction hash check; was not able to check all peers", {
        "number-of-peers": peers.length,
        ...fields,
      });
      return false;
    }
    report.info("successfully checked hash on whole cluster", fields);
    this.#checkedRevision = Math.max(this.#checkedRevision, own.hashRevision);
    return true;
  }

  #accuse(own: HashKvAnswer, idsByHash: ReadonlyMap<number, readonly bigint[]>, quorum: number): void {
    const { memberId, raiseAlarm, report } = this.#options;
    const leader = {
      "leader-id": formatHexId(memberId),
      ...describe("leader", { ...own, revision: own.hashRevision }),
    };
    const right = [...idsByHash].find(([, ids]) => ids.length >= quorum)?.[0];
    if (right === undefined) {
      report.warn(
        "Detected compaction hash mismatch but cannot identify the corrupted members, so intentionally set the memberID as 0",
        leader,
      );
      raiseAlarm(0n);
    }
    for (const [hash, ids] of idsByHash) {
      if (hash === right) continue;
      if (right !== undefined) for (const id of ids) raiseAlarm(id);
      report.warn("Detected compaction hash mismatch", {
        ...leader,
        "peer-hash": hash,
        "peer-ids": ids.map(formatHexId).join(","),
        "quorum-exist": right !== undefined,
      });
    }
  }
}

/** What the lack of a hash means at the start; undefined for a member that can't be reached, which was reported. */
function whyNoHash(answer: string): string | undefined {
  if (answer === "future-revision") return "cannot fetch hash from slow remote peer";
  if (answer === "compacted") return "cannot fetch hash from remote peer; local member is behind";
  return answer.includes("cluster ID mismatch") ? "cluster ID mismatch" : undefined;
}

function whyNotComparable(own: HashKvAnswer, answer: PeerHash["answer"]): string | undefined {
  if (typeof answer === "string") return "no response";
  if (answer.compactRevision === own.compactRevision) return undefined;
  return `the peer's CompactRevision ${answer.compactRevision} doesn't match leader's CompactRevision ${own.compactRevision}`;
}

function describe(
  who: string,
  { hash, compactRevision, revision }: HashKvAnswer & { readonly revision?: number },
): Record<string, unknown> {
  return {
    ...(revision === undefined ? {} : { [`${who}-revision`]: revision }),
    [`${who}-compact-revision`]: compactRevision,
    [`${who}-hash`]: hash,
  };
}
