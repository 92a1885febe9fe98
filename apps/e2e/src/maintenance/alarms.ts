/** What a cluster says of members whose data are wrong: its alarms, and the probes of each member. */
import { readFileSync } from "node:fs";
import { etcdserverpb } from "@quorate/proto";
import type { TestCluster } from "../cluster/test-cluster.js";
import type { PlacedMember } from "../faults/placed-member.js";
import { sleep } from "../harness/member.js";

const { alarm } = etcdserverpb.Maintenance.method;
const CORRUPT = 2;
const ACTION_DEACTIVATE = 2;
const POLL_MS = 50;
const ALARM_MS_MAX = 30_000;
const CALL_MS_MAX = 5_000;

/** Member ids with the alarm CORRUPT, once there is one. @throws after a while without. */
export async function waitForAlarm(cluster: TestCluster): Promise<readonly bigint[]> {
  const deadline = performance.now() + ALARM_MS_MAX;
  while (performance.now() < deadline) {
    const ids = await corruptIds(cluster);
    if (ids.length > 0) return ids;
    await sleep(POLL_MS);
  }
  throw new Error(`no alarm within ${ALARM_MS_MAX} ms`);
}

export async function corruptIds(cluster: TestCluster): Promise<readonly bigint[]> {
  const leader = await cluster.leader();
  const outcome = await leader.client.call(alarm, {}, CALL_MS_MAX);
  if (!outcome.ok) return [];
  return outcome.message.alarms.filter((each) => Number(each.alarm) === CORRUPT).map((each) => each.memberID);
}

export async function disarm(cluster: TestCluster, memberID: bigint): Promise<void> {
  const leader = await cluster.leader();
  await leader.client.demand(alarm, { action: ACTION_DEACTIVATE, memberID, alarm: CORRUPT });
}

/** Status and body of a probe. */
export async function probe(member: PlacedMember, path: string): Promise<{ status: number; body: string }> {
  const response = await fetch(`http://${member.endpoint}${path}`);
  return { status: response.status, body: await response.text() };
}

export function logOf(member: PlacedMember): string {
  return readFileSync(member.logFile, "utf8");
}
