/** Leases and streams while leaders are held up, die, or are not there at all. Numbers are those of store-situations.md. */
import { ERRORS, etcdserverpb as pb } from "@quorate/proto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { TestCluster } from "../../cluster/test-cluster.js";
import type { PlacedMember } from "../../faults/placed-member.js";
import { sleep } from "../../harness/member.js";
import { lacksOffers } from "../../harness/offers.js";
import { missesPrograms, subjectKind } from "../../harness/programs.js";
import { WireClient } from "../../harness/wire-client.js";
import { RenewalTalk, WatchTalk } from "./talk.js";

const { KV, Lease } = pb;
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
const KEY = bytes("held");
const TTL_SECONDS = 4;
/** Outlives an election and what a busy machine adds to it. */
const LONGER_TTL_SECONDS = 6;
const RENEWAL_MS = 400;
/** Several rounds of revocations. */
const AWAKE_MS = 2_000;
const { code, message: text } = ERRORS["no-leader"];
const NO_LEADER = { code, text };

const suite = "a cluster whose leader is lost";
const isLeftOut = missesPrograms(suite, [subjectKind]) || lacksOffers(suite, ["KV", "Lease", "Watch"]);

describe.skipIf(isLeftOut)(suite, () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await TestCluster.prepare(["m1", "m2", "m3"].map((name) => ({ kind: subjectKind, name })));
    await cluster.start();
  });
  afterEach(({ task }) => {
    if (task.result?.state === "fail") cluster.keepLogs();
  });
  afterAll(() => cluster.dispose());

  it("rule 65: keeps a lease that had a second left, for its whole time", async () => {
    const leader = await cluster.leader();
    const [follower] = await cluster.followers();
    if (follower === undefined) throw new Error("nobody follows");
    const { client } = follower;
    const { ID } = await client.demand(Lease.method.leaseGrant, { TTL: BigInt(TTL_SECONDS) });
    await client.demand(KV.method.put, { key: KEY, lease: ID });
    while ((await secondsLeft(leader, ID)) > 1) await sleep(50);
    await leader.kill();
    await cluster.leader();
    // More than it had, by the clock of the new leader.
    await expect.poll(() => secondsLeft(follower, ID)).toBeGreaterThan(1);
    expect((await client.demand(KV.method.range, { key: KEY })).count).toBe(1n);
    await client.demand(Lease.method.leaseRevoke, { ID });
    leader.start();
    await cluster.waitUntilHealthy();
  });

  it("rule 67: has no lease revoked by a leader that stood still, while another one renews it", async () => {
    const stalled = await cluster.leader();
    const [follower] = await cluster.followers();
    if (follower === undefined) throw new Error("nobody follows");
    const { ID } = await follower.client.demand(Lease.method.leaseGrant, { TTL: BigInt(LONGER_TTL_SECONDS) });
    await follower.client.demand(KV.method.put, { key: KEY, lease: ID });
    stalled.pause();
    const pausedMs = performance.now();
    const successor = await cluster.leader();
    expect(successor).not.toBe(stalled);
    const talk = new RenewalTalk(successor.client);
    const times: number[] = [];
    let isOver = false;
    const renewals = (async () => {
      while (!isOver) {
        times.push(await talk.renew(ID));
        await sleep(RENEWAL_MS);
      }
    })();
    // A failure is told where they are waited for.
    renewals.catch(() => undefined);
    // To the one that stands still, the lease has ended when it wakes up.
    await sleep(pausedMs + (LONGER_TTL_SECONDS + 1) * 1_000 - performance.now());
    stalled.resume();
    await sleep(AWAKE_MS);
    await cluster.waitUntilCaughtUp();
    for (const { client } of cluster.members)
      expect((await client.demand(KV.method.range, { key: KEY, serializable: true })).count).toBe(1n);
    isOver = true;
    await renewals;
    expect(new Set(times)).toEqual(new Set([LONGER_TTL_SECONDS]));
    await follower.client.demand(Lease.method.leaseRevoke, { ID });
    talk.close();
  });

  it("rules 54 and 62: ends streams that insist on a leader, then renewals; plain watches go on", async () => {
    const leader = await cluster.leader();
    const [survivor, other] = await cluster.followers();
    if (survivor === undefined || other === undefined) throw new Error("nobody follows");
    const insisting = new WireClient(survivor.endpoint, { hasleader: "true" });
    const { ID } = await survivor.client.demand(Lease.method.leaseGrant, { TTL: 60n });
    const [boundWatch, plainWatch] = [new WatchTalk(insisting), new WatchTalk(survivor.client)];
    const [boundRenewals, plainRenewals] = [new RenewalTalk(insisting), new RenewalTalk(survivor.client)];
    for (const watch of [boundWatch, plainWatch])
      expect(await watch.watch({ key: KEY })).toMatchObject({ created: true });
    for (const renewals of [boundRenewals, plainRenewals]) expect(await renewals.renew(ID)).toBe(60);

    await Promise.all([leader.kill(), other.kill()]);
    await expect.poll(async () => leaderOf(survivor)).toBe(0n);
    plainRenewals.say({ ID });
    expect(await boundWatch.ended()).toEqual(NO_LEADER);
    expect(await boundRenewals.ended()).toEqual(NO_LEADER);
    // Who insists from the beginning is refused at once.
    expect(await new WatchTalk(insisting).ended()).toEqual(NO_LEADER);
    expect(await new RenewalTalk(insisting).ended()).toEqual(NO_LEADER);
    expect(await plainRenewals.ended()).toEqual(NO_LEADER);
    expect(plainWatch.isOpen).toBe(true);

    leader.start();
    other.start();
    await cluster.waitUntilHealthy();
    const { header } = await leader.client.demand(KV.method.put, { key: KEY });
    await plainWatch.until(() => plainWatch.told.length === 1);
    expect(plainWatch.told).toEqual([`put held=@${header?.revision}`]);
    plainWatch.close();
    insisting.close();
  });
});

async function secondsLeft({ client }: PlacedMember, ID: bigint): Promise<number> {
  const outcome = await client.call(Lease.method.leaseTimeToLive, { ID });
  // While leadership changes hands nobody can say.
  return outcome.ok ? Number(outcome.message.TTL) : -1;
}

async function leaderOf(member: PlacedMember): Promise<bigint | undefined> {
  const status = await member.status();
  return status.ok ? status.message.leader : undefined;
}
