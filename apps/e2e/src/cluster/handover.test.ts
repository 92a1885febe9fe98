import { etcdserverpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { lacksOffers } from "../harness/offers.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { startCluster } from "./use-cluster.js";

const suite = "members that stop and die";
const isLeftOut = missesPrograms(suite, [subjectKind]) || lacksOffers(suite, ["Maintenance.MoveLeader"]);
const isLong = process.env["LONG"] === "1";

/** What etcd promises of a leader that is asked to stop. Held to where the machine has nothing else to do. */
const GONE_MS_MAX = 1_500;
const { range, put } = etcdserverpb.KV.method;
const KEY = Buffer.from("handover");

describe.skipIf(isLeftOut)(suite, () => {
  it("a leader that is asked to stop hands over, a follower that is asked to stop disturbs nobody", async () => {
    const cluster = await startCluster(["m1", "m2", "m3"].map((name) => ({ kind: subjectKind, name })));
    const leader = await cluster.leader();
    const term = await cluster.term();
    const started = performance.now();
    await leader.stop();
    const goneMs = performance.now() - started;
    const successor = await cluster.leader();
    await successor.client.demand(put, { key: KEY, value: Buffer.from("1") });
    const writesMs = performance.now() - started;
    console.log(
      `${subjectKind}: the leader was gone after ${Math.round(goneMs)} ms, writes went on after ${Math.round(writesMs)} ms`,
    );
    expect(successor).not.toBe(leader);
    // One election, and not for want of heartbeats: nobody had to try twice.
    expect(await cluster.term()).toBe(term + 1);
    if (isLong) expect(goneMs).toBeLessThan(GONE_MS_MAX);

    leader.start();
    await cluster.waitUntilHealthy();
    await leader.stop();
    expect(await cluster.leader()).toBe(successor);
    expect(await cluster.term()).toBe(term + 1);
    leader.start();
    await cluster.waitUntilHealthy();
    expect(await cluster.leader()).toBe(successor);
  });

  it("with the default times the others elect one of them, and the dead one comes back as a follower", async () => {
    const cluster = await startCluster(["m1", "m2", "m3"].map((name) => ({ kind: subjectKind, name })));
    const leader = await cluster.leader();
    await leader.client.demand(put, { key: KEY, value: Buffer.from("before") });
    const started = performance.now();
    await leader.kill();
    const successor = await cluster.leader();
    await successor.client.demand(put, { key: KEY, value: Buffer.from("after") });
    console.log(
      `${subjectKind}: writes went on ${Math.round(performance.now() - started)} ms after the leader's death`,
    );
    leader.start();
    await cluster.waitUntilHealthy();
    expect(await cluster.leader()).toBe(successor);
    const read = await leader.client.demand(range, { key: KEY });
    expect(read.kvs.map(({ value }) => Buffer.from(value).toString())).toEqual(["after"]);
  });

  it("without a majority there is no answer but a stale one, and all is well when it is back", async () => {
    const cluster = await startCluster(["m1", "m2", "m3"].map((name) => ({ kind: subjectKind, name })));
    await cluster.lead(cluster.member("m1"));
    const [m1, m2, m3] = [cluster.member("m1"), cluster.member("m2"), cluster.member("m3")];
    await m1.client.demand(put, { key: KEY, value: Buffer.from("kept") });
    await cluster.waitUntilCaughtUp();
    await Promise.all([m1.kill(), m2.kill()]);
    const stale = await m3.client.demand(range, { key: KEY, serializable: true });
    expect(stale.count).toBe(1n);
    const refused = await m3.client.call(range, { key: KEY }, 20_000);
    expect(refused).toMatchObject({ ok: false });
    m1.start();
    m2.start();
    await cluster.waitUntilHealthy();
    expect((await m3.client.demand(range, { key: KEY })).count).toBe(1n);
  });
});
