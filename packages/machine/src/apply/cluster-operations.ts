/** Entries about the cluster as a whole: its alarms, its version, what its members are called, a downgrade. */
import { etcdserverpb, fromBinary, membershippb } from "@quorate/proto";
import type { AlarmRowSink, AlarmSet } from "./alarm-set.js";
import { encodeAlarm } from "./alarm-set.js";
import type { ClusterState, RowSink } from "./cluster-port.js";
import { PartsWriter } from "./wire/parts-writer.js";
import { OPERATION } from "./wire/entry.js";

const ALARM_GET = 0;
const ALARM_ACTIVATE = 1;
const ALARM_DEACTIVATE = 2;
const TAG_ALARMS = 0x12;

const CLUSTER_OPERATIONS: ReadonlySet<number> = new Set([
  OPERATION.clusterVersionSet,
  OPERATION.clusterMemberAttrSet,
  OPERATION.downgradeInfoSet,
  OPERATION.downgradeVersionTest,
]);

/** Operations that also change memory, and are therefore looked at again after a restart. */
export function isClusterOperation(operation: number): boolean {
  return CLUSTER_OPERATIONS.has(operation);
}

/** Carries out one of them; `request` is the operation's message. */
export function applyClusterOperation(
  operation: number,
  request: Uint8Array,
  cluster: ClusterState,
  rows: RowSink,
): void {
  switch (operation) {
    case OPERATION.clusterVersionSet: {
      const { ver } = fromBinary(membershippb.ClusterVersionSetRequestSchema, request);
      cluster.setClusterVersion(ver, rows);
      return;
    }
    case OPERATION.clusterMemberAttrSet: {
      const { memberID, memberAttributes } = fromBinary(
        membershippb.ClusterMemberAttrSetRequestSchema,
        request,
      );
      const name = memberAttributes?.name ?? "";
      cluster.setMemberAttributes(memberID, { name, clientUrls: memberAttributes?.clientUrls ?? [] }, rows);
      return;
    }
    case OPERATION.downgradeInfoSet: {
      const { enabled, ver } = fromBinary(membershippb.DowngradeInfoSetRequestSchema, request);
      cluster.setDowngrade(enabled, enabled ? ver : "", rows);
      return;
    }
    default:
    // A version test changes nothing.
  }
}

/** Carries out an AlarmRequest. @returns the AlarmResponse behind its header. */
export function applyAlarm(request: Uint8Array, alarms: AlarmSet, rows: AlarmRowSink): Uint8Array[] {
  const { action, memberID, alarm: type } = fromBinary(etcdserverpb.AlarmRequestSchema, request);
  const alarm = { memberId: memberID, type };
  const number: number = action;
  const parts = new PartsWriter();
  const answer =
    number === ALARM_GET
      ? alarms.list(type)
      : number === ALARM_ACTIVATE
        ? [alarms.activate(alarm, rows)]
        : number === ALARM_DEACTIVATE
          ? [alarms.deactivate(alarm, rows)]
          : [];
  for (const each of answer) if (each !== undefined) parts.record(TAG_ALARMS, encodeAlarm(each));
  return parts.finish();
}
