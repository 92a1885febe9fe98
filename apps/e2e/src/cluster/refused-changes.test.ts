/** Changes of the membership that cannot be, before and after a restart. Numbers are those of operations-situations.md. */
import { ERRORS, etcdserverpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { refused } from "../auth/rules.js";
import { lacksOffers } from "../harness/offers.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { runCommand } from "../harness/run-command.js";
import type { Outcome } from "../harness/wire-client.js";
import type { TestCluster } from "./test-cluster.js";
import { startCluster } from "./use-cluster.js";

const { memberAdd, memberList, memberPromote, memberRemove } = etcdserverpb.Cluster.method;
const { put, range } = etcdserverpb.KV.method;
const NAMES: readonly string[] = ["m1", "m2", "m3"];
const KEY: Uint8Array = Buffer.from("unchanged");
/** Nobody listens there. */
const [LEARNERS_URL, OTHER_URL] = ["http://127.0.0.1:1", "http://127.0.0.1:2"] as const;
const NOBODY = 0xabcdefn;

const suite = "changes of the membership that cannot be";
const isLeftOut = missesPrograms(suite, [subjectKind]) || lacksOffers(suite, ["Cluster"]);

describe.skipIf(isLeftOut)(suite, () => {
  it("rules 6, 26, 29 and 30: are refused, and killed members that find them in their logs start as if nobody had asked", async () => {
    const cluster = await startCluster(NAMES.map((name) => ({ kind: subjectKind, name })));
    const { client, endpoint } = await cluster.leader();
    const add = (
      urls: readonly string[],
      isLearner: boolean,
    ): Promise<Outcome<etcdserverpb.MemberAddResponse>> =>
      client.call(memberAdd, { peerURLs: [...urls], isLearner });
    // Members count as connected after some seconds only.
    await expect.poll(async () => (await add([LEARNERS_URL], true)).ok).toBe(true);
    const learner = (await list(cluster)).find(({ isLearner }) => isLearner)?.ID ?? 0n;

    expect(await client.call(memberPromote, { ID: learner })).toEqual(refused("learner-not-ready"));
    expect(await post(endpoint, "cluster/member/promote", { ID: String(learner) })).toContain(
      ERRORS["learner-not-ready"].message,
    );
    expect(await add([OTHER_URL], true)).toEqual(refused("too-many-learners"));
    for (const { peerUrl } of cluster.members)
      for (const isLearner of [false, true])
        expect(await add([peerUrl], isLearner), peerUrl).toEqual(refused("peer-url-exist"));
    // Its URL alone would be the same id as well, if it came within the same second.
    expect(await add([OTHER_URL, LEARNERS_URL], false)).toEqual(refused("peer-url-exist"));
    expect(await client.call(memberRemove, { ID: NOBODY })).toEqual(refused("member-not-found"));
    await client.demand(memberRemove, { ID: learner });
    expect(await client.call(memberRemove, { ID: learner })).toEqual(refused("member-not-found"));
    await client.demand(put, { key: KEY });
    await cluster.waitUntilCaughtUp();
    const before = await list(cluster);
    expect(before.map(({ name }) => name).sort()).toEqual(NAMES);

    await Promise.all(cluster.members.map((member) => member.kill()));
    for (const member of cluster.members) member.start();
    await cluster.waitUntilHealthy();
    expect(await list(cluster)).toEqual(before);
    for (const member of cluster.members)
      expect((await member.client.demand(range, { key: KEY })).count, member.name).toBe(1n);
    cluster.expectNoDeaths();
  });

  it("rule 27: the only member is not removed, and serves on, also after a kill", async () => {
    const cluster = await startCluster([{ kind: subjectKind, name: "m1" }]);
    const only = cluster.member("m1");
    const id = await cluster.idOf(only);
    for (let restarts = 0; restarts < 2; restarts++) {
      const { message: text } = ERRORS["member-not-enough-started"];
      expect(await only.client.call(memberRemove, { ID: id })).toMatchObject({ ok: false, text });
      await only.client.demand(put, { key: KEY });
      await only.kill();
      only.start();
      await cluster.waitUntilHealthy();
    }
    expect((await list(cluster)).map(({ ID }) => ID)).toEqual([id]);
    cluster.expectNoDeaths();
  });
});

async function list(cluster: TestCluster): Promise<readonly etcdserverpb.Member[]> {
  const { client } = await cluster.leader();
  return (await client.demand(memberList, {})).members;
}

/** By the gateway. */
async function post(endpoint: string, path: string, body: unknown): Promise<string> {
  const args = ["-s", "-m", "10", "-d", JSON.stringify(body), `http://${endpoint}/v3/${path}`];
  return (await runCommand("curl", args, { timeoutMs: 20_000 })).stdout;
}
