/** Members that have just come: nobody is added before they have been there for a while. Numbers are those of operations-situations.md. */
import { etcdserverpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { refused } from "../auth/rules.js";
import type { PlacedMember } from "../faults/placed-member.js";
import { sleep } from "../harness/member.js";
import { lacksOffers } from "../harness/offers.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import type { Outcome } from "../harness/wire-client.js";
import { scrape } from "../metrics/scrape.js";
import { startCluster } from "./use-cluster.js";

const { memberAdd, memberList } = etcdserverpb.Cluster.method;
const NAMES: readonly string[] = ["m1", "m2", "m3"];
const NOBODYS_URL = "http://127.0.0.1:1";
const PAUSE_MS = 50;
const PATIENCE_MS = 60_000;

const suite = "links that are young";
const isLeftOut = missesPrograms(suite, [subjectKind]) || lacksOffers(suite, ["Cluster"]);

describe.skipIf(isLeftOut)(suite, () => {
  it("rule 28: nobody is added while a member is away, nor when it has only just come back, and then somebody is", async () => {
    const cluster = await startCluster(NAMES.map((name) => ({ kind: subjectKind, name })));
    const [asked, other] = [cluster.member("m1"), cluster.member("m3")];
    const otherId = await cluster.idOf(other);
    const add = (): Promise<Outcome<etcdserverpb.MemberAddResponse>> =>
      asked.client.call(memberAdd, { peerURLs: [NOBODYS_URL] });
    await other.kill();
    await expect.poll(() => isConnected(asked, otherId)).toBe(false);
    expect(await add()).toEqual(refused("unhealthy"));

    other.start();
    let refusedThoughConnected = 0;
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const connected = await isConnected(asked, otherId);
      const outcome = await add();
      if (outcome.ok) break;
      expect(outcome).toEqual(refused("unhealthy"));
      if (connected) refusedThoughConnected += 1;
      expect(performance.now(), "nobody was ever added").toBeLessThan(deadline);
      await sleep(PAUSE_MS);
    }
    expect(refusedThoughConnected).toBeGreaterThan(0);
    const { members } = await asked.client.demand(memberList, {});
    expect(members.flatMap(({ peerURLs }) => peerURLs)).toContain(NOBODYS_URL);
    await cluster.waitUntilHealthy();
    cluster.expectNoDeaths();
  });
});

/** Whether a member has a link to the other one, by its own account. */
async function isConnected({ endpoint }: PlacedMember, otherId: bigint): Promise<boolean> {
  const figures = await scrape(endpoint);
  return figures.value(`etcd_network_active_peers{Remote="${otherId.toString(16)}"}`) === 1;
}
