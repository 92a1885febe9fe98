import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { PlacedMember } from "../faults/placed-member.js";
import { lacksOffers } from "../harness/offers.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import type { ServerKind } from "../harness/programs.js";
import { RandomHistory } from "./random-history.js";
import { etcdRelease, reasonAgainstJoining, reasonAgainstMixing, shortLogFlags } from "./releases.js";
import type { MemberPlan, TestCluster } from "./test-cluster.js";
import { startCluster } from "./use-cluster.js";

const suite = "clusters of members of both kinds";
/** Both kinds say so. */
const TAKES_DATABASE = "applying snapshot";
/** More entries than a snapshot is taken after, several times over. */
const OPERATIONS = process.env["LONG"] === "1" ? 5_000 : 300;
const seed = Number(process.env["E2E_SEED"] ?? Date.now() % 1_000_000);

const reason = subjectKind === "etcd" ? undefined : reasonAgainstMixing();
if (reason !== undefined) console.warn(`skipped: ${suite}: ${reason}`);
const isLeftOut =
  reason !== undefined ||
  missesPrograms(suite, [subjectKind, "etcd"]) ||
  lacksOffers(suite, ["Cluster", "Lease", "Maintenance.MoveLeader"]);
const whyNobodyJoins = reasonAgainstJoining();
if (!isLeftOut && whyNobodyJoins !== undefined) console.warn(`skipped: ${suite}: joining: ${whyNobodyJoins}`);
if (!isLeftOut) console.log(`${suite}: with etcd ${etcdRelease}, seed ${seed}`);

describe.skipIf(isLeftOut)(suite, () => {
  it.skipIf(whyNobodyJoins !== undefined).each([
    { host: "etcd", guest: subjectKind },
    { host: subjectKind, guest: "etcd" },
  ] as const)("$guest joins $host's members, leads them, and brings one up from nothing", async (kinds) => {
    const { host, guest } = kinds;
    const cluster = await startCluster(["h1", "h2", "h3"].map((name) => plan(host, name)));
    const history = new RandomHistory(cluster, seed, etcdRelease ?? "");
    await history.play(OPERATIONS);

    // The log is compacted by now, so the newcomer gets the leader's database.
    const newcomer = await cluster.join(plan(guest, "g1"), "learner");
    expect(readFileSync(newcomer.logFile, "utf8")).toContain(TAKES_DATABASE);
    await history.play(OPERATIONS);
    // A learner tells no hash.
    await cluster.promote(newcomer);
    await expectEqualHashes(cluster, "after the promotion");

    const hostLeader = await leaderAmong(cluster, host);
    await hostLeader.kill();
    await history.play(OPERATIONS);
    hostLeader.start();
    await expectEqualHashes(cluster, `after the death of ${host}'s leader`);

    await cluster.lead(newcomer);
    await history.play(OPERATIONS);
    await cluster.remove(await followerOf(cluster, host));
    await history.play(OPERATIONS);
    const latecomer = await cluster.join(plan(host, "h4"), "voter");
    expect(readFileSync(latecomer.logFile, "utf8")).toContain(TAKES_DATABASE);
    await history.play(OPERATIONS);
    await expectEqualHashes(cluster, `after ${guest}'s leader brought up a member`);

    await cluster.lead(newcomer);
    await newcomer.kill();
    await history.play(OPERATIONS);
    newcomer.start();
    await history.play(OPERATIONS);
    await expectEqualHashes(cluster, `after the death of ${guest}'s leader`);
  });

  it.each([{ kinds: [subjectKind, "etcd", subjectKind] }, { kinds: ["etcd", subjectKind, "etcd"] }] as const)(
    "$kinds begin together, and each of them leads",
    async ({ kinds }) => {
      const cluster = await startCluster(kinds.map((kind, place) => plan(kind, `m${place}`)));
      const history = new RandomHistory(cluster, seed, etcdRelease ?? "");
      for (const member of cluster.members) {
        await cluster.lead(member);
        await history.play(OPERATIONS);
        await expectEqualHashes(cluster, `${member.kind} ${member.name} leads`);
      }
      for (const member of cluster.members) {
        await cluster.lead(member);
        await member.stop();
        await history.play(OPERATIONS);
        member.start();
        await cluster.waitUntilHealthy();
      }
      await expectEqualHashes(cluster, "after a rolling restart");
    },
  );
});

function plan(kind: ServerKind, name: string): MemberPlan {
  return { kind, name, flags: shortLogFlags(kind) };
}

async function leaderAmong(cluster: TestCluster, kind: ServerKind): Promise<PlacedMember> {
  const leader = await cluster.leader();
  if (leader.kind === kind) return leader;
  const other = cluster.members.find((member) => member.kind === kind);
  if (other === undefined) throw new Error(`there is no ${kind}`);
  await cluster.lead(other);
  return other;
}

async function followerOf(cluster: TestCluster, kind: ServerKind): Promise<PlacedMember> {
  const follower = (await cluster.followers()).find((member) => member.kind === kind);
  if (follower === undefined) throw new Error(`no ${kind} follows`);
  return follower;
}

async function expectEqualHashes(cluster: TestCluster, when: string): Promise<void> {
  const hashes = await cluster.readHashes();
  for (const hash of hashes) expect(hash, when).toEqual({ ...hashes[0], name: hash.name });
  cluster.expectNoDeaths();
}
