/** Followers that stay away until they need a database of the leader's. */
import type { SimMember } from "../cluster/sim-member.js";
import type { Stage } from "./stage.js";

/** Logs are cut short early, so that a few writes are enough. */
export const SHORT_LOG = { "snapshot-count": "10", "snapshot-catchup-entries": "5" } as const;

/** Writes that the log of nobody remembers afterwards. */
export const MISSED_WRITES = 40;

/** How often the member has begun to take over a database. */
export function databaseCount({ databases }: Stage, member: SimMember): number {
  return databases.filter((each) => each.member === member).length;
}

export async function untilDatabaseArrives(stage: Stage, member: SimMember, count: number): Promise<void> {
  await stage.until(`${member.name} takes over a database`, () => databaseCount(stage, member) >= count);
}

/** A leader that has sent a database keeps its log for a while; one that has just started does not know of it. */
export async function renewLeader(stage: Stage): Promise<void> {
  const { leader } = stage;
  await leader.kill("killed");
  await stage.restart(leader);
  await stage.until("somebody leads", () => stage.cluster.leader !== undefined);
}
