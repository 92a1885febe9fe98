/** Who is in the list of members, and under which id and name. Numbers are those of operations-situations-b.md. */
import { etcdserverpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import type { PlacedMember } from "../faults/placed-member.js";
import { lacksOffers } from "../harness/offers.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import type { TestCluster } from "./test-cluster.js";
import { prepareCluster, startCluster } from "./use-cluster.js";

const { memberAdd, memberList } = etcdserverpb.Cluster.method;
const { put, range } = etcdserverpb.KV.method;
const KEY: Uint8Array = Buffer.from("listed");
const END_MS_MAX = 30_000;
/** Above the time that a member gives a request before it gives up itself. */
const REFUSED_MS_MAX = 20_000;
const NAMES: readonly string[] = ["m1", "m2", "m3"];

const suite = "lists of members";
const isLeftOut = missesPrograms(suite, [subjectKind]) || lacksOffers(suite, ["Cluster"]);

describe.skipIf(isLeftOut)(suite, () => {
  it("rule 31: a URL that comes back has another id, and what the removed member had stored leads nowhere", async () => {
    const cluster = await startCluster(NAMES.map((name) => ({ kind: subjectKind, name })));
    const [leaver] = await cluster.followers();
    if (leaver === undefined) throw new Error("nobody follows");
    const oldId = await cluster.idOf(leaver);
    await cluster.remove(leaver);
    await expectNoWayBack(leaver, cluster);

    const { client } = await cluster.leader();
    const add = { peerURLs: [leaver.peerUrl] };
    // Members count as connected after some seconds only.
    await expect.poll(async () => (await client.call(memberAdd, add)).ok).toBe(true);
    const listed = await list(cluster);
    const back = listed.find(({ peerURLs }) => peerURLs.includes(leaver.peerUrl));
    expect(back?.ID).not.toBe(oldId);
    expect(listed.map(({ ID }) => ID)).not.toContain(oldId);
    await expectNoWayBack(leaver, cluster);

    const { name, place } = leaver;
    const newcomer = await cluster.create({ kind: subjectKind, name, place });
    newcomer.start(cluster.bootstrap("existing"));
    await cluster.waitUntilHealthy();
    expect(await cluster.idOf(newcomer)).toBe(back?.ID);
    await newcomer.client.demand(put, { key: KEY });
    cluster.expectNoDeaths();
  });

  it("rule 32: without a majority only what a member knows itself is told", async () => {
    const cluster = await startCluster(NAMES.map((name) => ({ kind: subjectKind, name })));
    const [m1, m2, m3] = [cluster.member("m1"), cluster.member("m2"), cluster.member("m3")];
    expect(await list(cluster)).toHaveLength(3);
    await Promise.all([m2.kill(), m3.kill()]);
    const known = await m1.client.demand(memberList, {});
    expect(known.members.map(({ name }) => name).sort()).toEqual(NAMES);
    expect(await m1.client.call(memberList, { linearizable: true }, REFUSED_MS_MAX)).toMatchObject({
      ok: false,
    });
    m2.start();
    m3.start();
    await cluster.waitUntilHealthy();
    expect(await list(cluster)).toHaveLength(3);
  });

  it("rule 61: a member that is started with another name is known by it, under the id that it had", async () => {
    const before = await startCluster([{ kind: subjectKind, name: "first" }]);
    const first = before.member("first");
    await first.client.demand(put, { key: KEY });
    const { header, members } = await first.client.demand(memberList, {});
    await first.stop();
    const { dataFolder, place } = first;
    const after = await prepareCluster([{ kind: subjectKind, name: "second", dataFolder, place }]);
    await after.start();
    const { client } = after.member("second");
    const named = async (): Promise<readonly string[]> =>
      (await client.demand(memberList, {})).members.map(({ name }) => name);
    await expect.poll(named).toEqual(["second"]);
    const now = await client.demand(memberList, {});
    expect(now.members.map(({ ID }) => ID)).toEqual(members.map(({ ID }) => ID));
    expect(now.header?.clusterId).toBe(header?.clusterId);
    expect((await client.demand(range, { key: KEY })).count).toBe(1n);
    after.expectNoDeaths();
  });
});

/** Started with what it had when it was removed, it ends by itself, and the others have no part in it. */
async function expectNoWayBack(member: PlacedMember, cluster: TestCluster): Promise<void> {
  const before = (await list(cluster)).map(({ ID }) => ID);
  member.start();
  member.allowToEnd();
  await member.waitUntilEnded(END_MS_MAX);
  expect((await list(cluster)).map(({ ID }) => ID)).toEqual(before);
}

async function list(cluster: TestCluster): Promise<readonly etcdserverpb.Member[]> {
  const { client } = await cluster.leader();
  return (await client.demand(memberList, { linearizable: true })).members;
}
