/**
 * The Maintenance service: how this member is, its alarms, its checksums, its space. Snapshot, MoveLeader and Downgrade are
 * not in the table, so that callers are told they are not implemented.
 * Source: operations 3.1, 3.2, 3.4 and 3.5.
 */
import { OPERATION, type Alarm } from "@quorate/machine";
import { ERRORS, etcdserverpb, operandFromInt64 } from "@quorate/proto";
import type { UnaryCall } from "@quorate/rpc";
import { decodeMessage, replyMessage } from "./generated-codec.js";
import type { GuardedMethod } from "./guard.js";
import type { ResponseHeaders } from "./header.js";
import type { MemberPort } from "./member-port.js";
import type { Proposals } from "./proposals.js";
import { failCall } from "./to-status.js";

const ALARM_NAMES: readonly string[] = ["NONE", "NOSPACE", "CORRUPT"];

export interface MaintenanceServiceOptions {
  readonly member: MemberPort;
  readonly headers: ResponseHeaders;
  readonly proposals: Proposals;
  /** Takes faults that are not the client's. */
  readonly onError: (error: unknown) => void;
}

export class MaintenanceService {
  readonly #options: MaintenanceServiceOptions;

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
