/** A member alone, and a cluster, as a run of watchers sees them; how each is disturbed comes from a seed. */
import { Prng } from "@quorate/std";
import type { TestCluster } from "../../cluster/test-cluster.js";
import type { PlacedMember } from "../../faults/placed-member.js";
import { isOlder } from "../../harness/etcd-version.js";
import type { Member } from "../../harness/member.js";
import { WireClient } from "../../harness/wire-client.js";
import { SLOTS } from "./watch-step.js";
import type { WatchServers } from "./watch-side.js";

const ALL_SLOTS: readonly number[] = Array.from({ length: SLOTS }, (_, slot) => slot);

/** What a release does otherwise than the newest. */
export function describeRelease(
  kind: string,
  version: string,
): Pick<WatchServers, Exclude<keyof WatchServers, "writer" | "watched" | "disrupt" | "close">> {
  const isFixed = (in34: string, in35: string): boolean =>
    !isOlder(version, isOlder(version, "3.5.0") ? in34 : in35);
  return {
    name: `${kind} ${version}`,
    dropsTombstones: !isFixed("3.4.34", "3.5.16"),
    // Before, progress was told past the events of watchers that were behind.
    judgesProgress: isFixed("3.4.25", "3.5.8"),
    forgetsAtCancel: kind === "etcd",
    promisesProgress: kind === "quorate",
  };
}

/** Makes progress come often, where the release lets it. */
export function progressFlags(version: string): readonly string[] {
  const name = isOlder(version, "3.6.0")
    ? "experimental-watch-progress-notify-interval"
    : "watch-progress-notify-interval";
  return [`--${name}=200ms`];
}

/** A member of its own, killed or stopped and started again on its data. */
export function serveAlone(member: Member, seed: number, version: string): WatchServers {
  const prng = new Prng(seed);
  let clients = connect(member);
  return {
    ...describeRelease(member.kind, version),
    writer: () => clients[SLOTS]!,
    watched: (slot) => clients[slot]!,
    async disrupt() {
      await (prng.chance(0.6) ? member.kill() : member.stop());
      for (const client of clients) client.close();
      await member.restart();
      clients = connect(member);
      return ALL_SLOTS;
    },
    close() {
      for (const client of clients) client.close();
    },
  };
}

/** A connection for each slot, so that one that is not read holds up no other, and one for writes. */
function connect(member: Member): WireClient[] {
  return Array.from({ length: SLOTS + 1 }, () => new WireClient(member.endpoint));
}

/** Watchers on every member; leaders hand over or die, followers die, and who died comes back. */
export function serveTogether(cluster: TestCluster, seed: number, version: string): WatchServers {
  const prng = new Prng(seed);
  const members = cluster.members;
  const memberOf = (slot: number): PlacedMember => members[slot % members.length]!;
  const clients = ALL_SLOTS.map((slot) => new WireClient(memberOf(slot).endpoint));
  const kill = async (member: PlacedMember): Promise<readonly number[]> => {
    const slots = ALL_SLOTS.filter((slot) => memberOf(slot) === member);
    for (const slot of slots) clients[slot]!.close();
    await member.kill();
    await cluster.leader();
    member.start();
    await cluster.waitUntilHealthy();
    for (const slot of slots) clients[slot] = new WireClient(member.endpoint);
    return slots;
  };
  return {
    ...describeRelease(members[0]?.kind ?? "nobody", version),
    writer: () => prng.pick(members).client,
    watched: (slot) => clients[slot]!,
    async disrupt() {
      const leader = await cluster.leader();
      const fate = prng.below(3);
      if (fate === 0) return kill(leader);
      const follower = prng.pick(members.filter((member) => member !== leader));
      if (fate === 1) return kill(follower);
      await cluster.lead(follower);
      await cluster.waitUntilHealthy();
      return [];
    },
    close() {
      for (const client of clients) client.close();
    },
  };
}
