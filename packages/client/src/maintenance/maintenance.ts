/** Looking after members. Calls with an `endpoint` are about the member that is reached there, and are not made elsewhere. */
import { etcdserverpb } from "@quorate/proto";
import type { CallOptions, Calls } from "../calls.js";
import { readSnapshot, type CreateDigest, type Snapshot } from "./read-snapshot.js";

const METHODS = etcdserverpb.Maintenance.method;
const { AlarmRequest_AlarmAction: AlarmAction, DowngradeRequest_DowngradeAction: DowngradeAction } =
  etcdserverpb;

/** How a member is: its version, its part in consensus, its database. */
export interface MemberStatus {
  readonly memberId: bigint;
  readonly clusterId: bigint;
  readonly version: string;
  readonly revision: bigint;
  /** 0n when it knows none. */
  readonly leaderId: bigint;
  readonly isLeader: boolean;
  readonly isLearner: boolean;
  readonly raftTerm: bigint;
  readonly raftIndex: bigint;
  readonly raftAppliedIndex: bigint;
  /** Bytes on disk, those in use, and the quota (0 where the server does not tell it). */
  readonly dbSizeBytes: number;
  readonly dbSizeInUseBytes: number;
  readonly dbQuotaBytes: number;
  /** What ails it, in words. */
  readonly errors: readonly string[];
  readonly storageVersion: string;
}

/** `nospace`: its database is full. `corrupt`: its data differs from the others'. */
export type AlarmKind = "nospace" | "corrupt";

/** Something that a member can't go on with as before. */
export interface Alarm {
  readonly memberId: bigint;
  readonly kind: AlarmKind;
}

/** A hash of the keys at one revision. */
export interface KvHash {
  readonly hash: number;
  /** Hashes can be compared only where these agree. */
  readonly compactRevision: bigint;
  readonly hashRevision: bigint;
}

/** Looking after members, one by one. */
export class Maintenance {
  readonly #calls: Calls;
  readonly #createDigest: CreateDigest | undefined;

  /** @param createDigest a new SHA-256; without one, snapshots are not checked. */
  constructor(calls: Calls, createDigest: CreateDigest | undefined) {
    this.#calls = calls;
    this.#createDigest = createDigest;
  }

  /** How one member is. */
  async status(endpoint: string, options: CallOptions = {}): Promise<MemberStatus> {
    const status = await this.#at(METHODS.status, {}, { ...options, endpoint, safety: "read" });
    const memberId = status.header?.memberId ?? 0n;
    return {
      memberId,
      clusterId: status.header?.clusterId ?? 0n,
      version: status.version,
      revision: status.header?.revision ?? 0n,
      leaderId: status.leader,
      isLeader: status.leader === memberId && memberId !== 0n,
      isLearner: status.isLearner,
      raftTerm: status.raftTerm,
      raftIndex: status.raftIndex,
      raftAppliedIndex: status.raftAppliedIndex,
      dbSizeBytes: Number(status.dbSize),
      dbSizeInUseBytes: Number(status.dbSizeInUse),
      dbQuotaBytes: Number(status.dbSizeQuota),
      errors: status.errors,
      storageVersion: status.storageVersion,
    };
  }

  /** Alarms of all members. */
  async alarms(options: CallOptions = {}): Promise<Alarm[]> {
    const request = { action: AlarmAction.GET };
    const { alarms } = await this.#calls.unary(METHODS.alarm, request, { ...options, safety: "read" });
    return alarms.flatMap(toAlarm);
  }

  /** Takes an alarm back. One that is not raised is no error. */
  async disarm({ memberId, kind }: Alarm, options: CallOptions = {}): Promise<void> {
    const alarm = kind === "nospace" ? etcdserverpb.AlarmType.NOSPACE : etcdserverpb.AlarmType.CORRUPT;
    const request = { action: AlarmAction.DEACTIVATE, memberID: memberId, alarm };
    await this.#calls.unary(METHODS.alarm, request, { ...options, safety: "idempotent" });
  }

  /** Gives free space back to the file system. On etcd the member serves nothing meanwhile; on Quorate it goes on. */
  async defragment(endpoint: string, options: CallOptions = {}): Promise<void> {
    await this.#at(METHODS.defragment, {}, { ...options, endpoint, safety: "idempotent" });
  }

  /** Hash of the keys as of `revision`; default the newest. Members with equal histories have equal hashes. */
  async hashKv(
    endpoint: string,
    options: CallOptions & { readonly revision?: bigint } = {},
  ): Promise<KvHash> {
    const request = { revision: options.revision ?? 0n };
    const answer = await this.#at(METHODS.hashKV, request, { ...options, endpoint, safety: "read" });
    return { hash: answer.hash, compactRevision: answer.compactRevision, hashRevision: answer.hashRevision };
  }

  /** Hands leadership to another voter; `endpoint` is the leader's. @throws `not-leader` where it is another's. */
  async moveLeader(endpoint: string, targetId: bigint, options: CallOptions = {}): Promise<void> {
    await this.#at(
      METHODS.moveLeader,
      { targetID: targetId },
      { ...options, endpoint, safety: "idempotent" },
    );
  }

  /** @returns the cluster's version afterwards, as `3.7.0`. */
  async downgrade(
    action: "validate" | "enable" | "cancel",
    version: string,
    options: CallOptions = {},
  ): Promise<string> {
    const actions = {
      validate: DowngradeAction.VALIDATE,
      enable: DowngradeAction.ENABLE,
      cancel: DowngradeAction.CANCEL,
    };
    const request = { action: actions[action], version };
    const answer = await this.#calls.unary(METHODS.downgrade, request, { ...options, safety: "idempotent" });
    return answer.version;
  }

  /**
   * The database of a member as a file in etcd's format, piece by piece; what `etcdutl snapshot restore` takes. Its digest is checked as
   * it passes: the loop throws at the end when it is wrong.
   */
  snapshot(options: CallOptions & { readonly endpoint?: string } = {}): Snapshot {
    return readSnapshot(this.#calls, options, this.#createDigest);
  }

  readonly #at: Calls["unary"] = (method, input, options) =>
    // A member that has no leader can still be looked at and mended.
    this.#calls.unary(method, input, { ...options, requireLeader: false });
}

function toAlarm({ memberID: memberId, alarm }: etcdserverpb.AlarmMember): Alarm[] {
  if (alarm === etcdserverpb.AlarmType.NOSPACE) return [{ memberId, kind: "nospace" }];
  return alarm === etcdserverpb.AlarmType.CORRUPT ? [{ memberId, kind: "corrupt" }] : [];
}
