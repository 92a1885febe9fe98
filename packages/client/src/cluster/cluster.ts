/** The members of the cluster, and changes of them. Ids are bigint; `formatHexId` shows them as etcd's tools do. */
import { etcdserverpb } from "@quorate/proto";
import type { CallOptions, Calls } from "../calls.js";

const METHODS = etcdserverpb.Cluster.method;

/** A member, as the cluster knows it. */
export interface ClusterMember {
  readonly id: bigint;
  /** Empty until the member has started once. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  /** Follows the log, and has no vote. */
  readonly isLearner: boolean;
}

/** How a member joins. */
export interface MemberAddOptions extends CallOptions {
  readonly isLearner?: boolean;
}

/** The members of the cluster. */
export class Cluster {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** All members, by id. @param options.local asks no quorum: what one member believes. */
  async members(options: CallOptions & { readonly local?: boolean } = {}): Promise<ClusterMember[]> {
    const request = { linearizable: !(options.local ?? false) };
    const { members } = await this.#calls.unary(METHODS.memberList, request, { ...options, safety: "read" });
    return members.map(toMember);
  }

  /**
   * Announces a member, which is then started with an empty directory. @returns it, with its id.
   * @throws `member-exist`, `peer-url-exist`, `unhealthy`, `too-many-learners`, ...
   */
  async add(peerUrls: readonly string[], options: MemberAddOptions = {}): Promise<ClusterMember> {
    const request = { peerURLs: [...peerUrls], isLearner: options.isLearner ?? false };
    const { member } = await this.#calls.unary(METHODS.memberAdd, request, { ...options, safety: "write" });
    if (member === undefined) throw new Error("the server added a member and did not name it");
    return toMember(member);
  }

  /** The id never comes back: the machine joins again as a new member, with an empty directory. */
  async remove(id: bigint, options: CallOptions = {}): Promise<void> {
    await this.#calls.unary(METHODS.memberRemove, { ID: id }, { ...options, safety: "write" });
  }

  /** Changes the URLs at which other members reach a member. */
  async update(id: bigint, peerUrls: readonly string[], options: CallOptions = {}): Promise<void> {
    const request = { ID: id, peerURLs: [...peerUrls] };
    await this.#calls.unary(METHODS.memberUpdate, request, { ...options, safety: "idempotent" });
  }

  /** Makes a learner a voter. @throws `learner-not-ready` while it is behind. */
  async promote(id: bigint, options: CallOptions = {}): Promise<void> {
    await this.#calls.unary(METHODS.memberPromote, { ID: id }, { ...options, safety: "write" });
  }
}

function toMember(member: etcdserverpb.Member): ClusterMember {
  const { ID: id, name, peerURLs: peerUrls, clientURLs: clientUrls, isLearner } = member;
  return { id, name, peerUrls, clientUrls, isLearner };
}
