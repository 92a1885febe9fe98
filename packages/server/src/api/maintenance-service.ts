/**
 * The Maintenance service: how this member is, its alarms, its checksums, its space, its database as a file; who leads, and
 * which version the cluster has. Source: operations 3.
 */
import { OPERATION, type Alarm } from "@quorate/machine";
import { ERRORS, etcdserverpb, GrpcStatus, operandFromInt64 } from "@quorate/proto";
import type { ServerStreamCall, UnaryCall } from "@quorate/rpc";
import { decodeMessage, replyMessage } from "./generated-codec.js";
import { shortVersion } from "../cluster/semantic-version.js";
import type { GuardedMethod } from "./guard.js";
import type { ResponseHeaders } from "./header.js";
import type { MemberPort } from "./member-port.js";
import type { ClusterPort, DowngradeAction } from "./ports/cluster-port.js";
import type { SnapshotPort } from "./ports/snapshot-port.js";
import type { Proposals } from "./proposals.js";
import { downloadDatabase, type Digest } from "./snapshot-call.js";
import { failCall } from "./to-status.js";

/** By number, as requests name them. */
const DOWNGRADE_ACTIONS: readonly DowngradeAction[] = ["validate", "enable", "cancel"];

/** Each keeps a copy of the database on disk for as long as its client takes. */
export const DOWNLOADS_MAX = 16;

const ALARM_NAMES: readonly string[] = ["NONE", "NOSPACE", "CORRUPT"];

export interface MaintenanceServiceOptions {
  readonly member: MemberPort;
  readonly headers: ResponseHeaders;
  readonly proposals: Proposals;
  readonly cluster: ClusterPort;
  readonly snapshots: SnapshotPort;
  /** A new SHA-256. */
  readonly createDigest: () => Digest;
  /** Takes faults that are not the client's. */
  readonly onError: (error: unknown) => void;
}

export class MaintenanceService {
  readonly #options: MaintenanceServiceOptions;
  #downloadCount = 0;

  constructor(options: MaintenanceServiceOptions) {
    this.#options = options;
  }

  /** The methods of `etcdserverpb.Maintenance`. */
  methods(): Readonly<Record<string, GuardedMethod>> {
    return {
      Status: { method: { kind: "unary", handler: this.#handleStatus }, onLearner: true },
      Alarm: { method: { kind: "unary", handler: this.#handleAlarm }, onLearner: false },
      HashKV: { method: { kind: "unary", handler: this.#handleHashKv }, onLearner: false },
      Hash: { method: { kind: "unary", handler: this.#handleHash }, onLearner: false },
      Snapshot: { method: { kind: "server-stream", handler: this.#handleSnapshot }, onLearner: true },
      MoveLeader: { method: { kind: "unary", handler: this.#handleMoveLeader }, onLearner: false },
      Downgrade: { method: { kind: "unary", handler: this.#handleDowngrade }, onLearner: false },
      Defragment: { method: { kind: "unary", handler: this.#handleDefragment }, onLearner: false },
    };
  }

  readonly #handleStatus = (call: UnaryCall, message: Uint8Array): void => {
    decodeMessage(etcdserverpb.StatusRequestSchema, message);
    const { member, headers } = this.#options;
    const { storage } = member;
    replyMessage(call, etcdserverpb.StatusResponseSchema, {
      header: headers.message(),
      version: member.serverVersion,
      dbSize: BigInt(storage.sizeBytes),
      dbSizeInUse: BigInt(storage.sizeInUseBytes),
      dbSizeQuota: BigInt(member.statusQuotaBytes),
      leader: member.leaderId,
      raftIndex: BigInt(member.committedIndex),
      raftTerm: BigInt(member.raftTerm),
      raftAppliedIndex: BigInt(member.appliedIndex),
      errors: describeErrors(member),
      isLearner: member.isLearner,
      storageVersion: storage.schemaVersion,
      downgradeInfo: { enabled: member.downgrade.enabled, targetVersion: member.downgrade.targetVersion },
    });
  };

  /** All three actions go through the log, listing included. */
  readonly #handleAlarm = (call: UnaryCall, message: Uint8Array): void => {
    decodeMessage(etcdserverpb.AlarmRequestSchema, message);
    this.#options.proposals.submit(call, OPERATION.alarm, message);
  };

  readonly #handleHashKv = (call: UnaryCall, message: Uint8Array): void => {
    const { revision } = decodeMessage(etcdserverpb.HashKVRequestSchema, message);
    const { member, headers, onError } = this.#options;
    member.storage.hashKv(operandFromInt64(revision)).then((answer) => {
      if (typeof answer === "string") {
        failCall(call, answer);
        return;
      }
      replyMessage(call, etcdserverpb.HashKVResponseSchema, {
        header: headers.message(),
        hash: answer.hash,
        compactRevision: BigInt(answer.compactRevision),
        hashRevision: BigInt(answer.hashRevision),
      });
    }, onError);
  };

  readonly #handleHash = (call: UnaryCall, message: Uint8Array): void => {
    decodeMessage(etcdserverpb.HashRequestSchema, message);
    const { member, headers, onError } = this.#options;
    member.storage.hash().then((hash) => {
      replyMessage(call, etcdserverpb.HashResponseSchema, { header: headers.message(), hash });
    }, onError);
  };

  readonly #handleSnapshot = (call: ServerStreamCall, message: Uint8Array): void => {
    decodeMessage(etcdserverpb.SnapshotRequestSchema, message);
    const { snapshots, createDigest } = this.#options;
    if (this.#downloadCount === DOWNLOADS_MAX) {
      call.fail(GrpcStatus.ResourceExhausted, "too many snapshots are being downloaded from this member");
      return;
    }
    this.#downloadCount += 1;
    downloadDatabase(call, snapshots, createDigest())
      .catch((error: unknown) => {
        // A full disk costs this client its backup, and nobody else anything.
        failCall(call, { unknown: error instanceof Error ? error.message : String(error) });
      })
      .finally(() => {
        this.#downloadCount -= 1;
      })
      .catch(this.#options.onError);
  };

  /** The response has no header. */
  readonly #handleMoveLeader = (call: UnaryCall, message: Uint8Array): void => {
    const { targetID } = decodeMessage(etcdserverpb.MoveLeaderRequestSchema, message);
    this.#options.cluster.moveLeader(targetID).then((failure) => {
      if (failure !== undefined) failCall(call, failure);
      else replyMessage(call, etcdserverpb.MoveLeaderResponseSchema, {});
    }, this.#options.onError);
  };

  readonly #handleDowngrade = (call: UnaryCall, message: Uint8Array): void => {
    const request = decodeMessage(etcdserverpb.DowngradeRequestSchema, message);
    const { cluster, headers, onError } = this.#options;
    const action = DOWNGRADE_ACTIONS[request.action];
    if (action === undefined) {
      failCall(call, "unknown-method");
      return;
    }
    cluster.downgrade(action, request.version).then((outcome) => {
      if ("failure" in outcome) failCall(call, outcome.failure);
      else
        replyMessage(call, etcdserverpb.DowngradeResponseSchema, {
          header: headers.message(),
          version: shortVersion(outcome.version),
        });
    }, onError);
  };

  /** The response has no header. */
  readonly #handleDefragment = (call: UnaryCall, message: Uint8Array): void => {
    decodeMessage(etcdserverpb.DefragmentRequestSchema, message);
    this.#options.member.storage.defragment().then(() => {
      replyMessage(call, etcdserverpb.DefragmentResponseSchema, {});
    }, this.#options.onError);
  };
}

/** What is wrong, as operators' tools show it: no leader first, then each alarm in protobuf's text form. */
export function describeErrors(member: Pick<MemberPort, "leaderId" | "alarms">): string[] {
  const errors = member.alarms.list().map(describeAlarm);
  if (member.leaderId === 0n) errors.unshift(ERRORS["no-leader"].message);
  return errors;
}

function describeAlarm({ memberId, type }: Alarm): string {
  const fields: string[] = [];
  if (memberId !== 0n) fields.push(`memberID:${memberId.toString()}`);
  fields.push(`alarm:${ALARM_NAMES[type] ?? String(type)}`);
  return fields.join(" ");
}
