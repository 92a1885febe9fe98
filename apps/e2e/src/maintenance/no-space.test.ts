/** One member of three is full: who may still write what, until somebody has made room and said so. */
import { ERRORS, etcdserverpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import type { TestCluster } from "../cluster/test-cluster.js";
import { startCluster } from "../cluster/use-cluster.js";
import type { PlacedMember } from "../faults/placed-member.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";

const MIB = 1024 * 1024;
const QUOTA_BYTES: number = 6 * MIB;
const VALUE_BYTES: number = 128 * 1024;
const { DEACTIVATE } = etcdserverpb.AlarmRequest_AlarmAction;
const { NOSPACE } = etcdserverpb.AlarmType;
const KEY: Uint8Array = Buffer.from("grows");
const { put, txn, deleteRange, range, compact } = etcdserverpb.KV.method;
const { alarm, defragment, status } = etcdserverpb.Maintenance.method;
const { code, message: text } = ERRORS["no-space"];
const NO_SPACE = { ok: false, code, text };

const suite = "a full member of three";

describe.skipIf(missesPrograms(suite, [subjectKind]))(suite, () => {
  it("rule 49: stops all puts by its alarm, until there is room and the alarm is ended", async () => {
    const cluster = await startCluster(
      ["m1", "m2", "m3"].map((name) => ({
        kind: subjectKind,
        name,
        // The others have room for long.
        flags: name === "m1" ? [`--quota-backend-bytes=${QUOTA_BYTES}`] : [],
      })),
    );
    const [full, other] = [cluster.member("m1"), cluster.member("m2")];
    const fullId = await cluster.idOf(full);
    expect(await fill(full)).toEqual(NO_SPACE);
    expect(await alarms(full)).toEqual([{ memberID: fullId, alarm: NOSPACE }]);
    await cluster.waitUntilCaughtUp();
    expect(await alarms(other)).toEqual([{ memberID: fullId, alarm: NOSPACE }]);
    await expectNoPuts(cluster);

    await Promise.all(cluster.members.map((member) => member.stop()));
    for (const member of cluster.members) member.start();
    await cluster.waitUntilHealthy();
    expect(await alarms(other)).toEqual([{ memberID: fullId, alarm: NOSPACE }]);
    await expectNoPuts(cluster);

    const { header } = await full.client.demand(range, { key: KEY });
    await full.client.demand(compact, { revision: header?.revision ?? 0n, physical: true });
    await cluster.waitUntilCaughtUp();
    for (const { client } of cluster.members) await client.demand(defragment, {});
    expect(Number((await full.client.demand(status, {})).dbSize)).toBeLessThan(QUOTA_BYTES - 2 * VALUE_BYTES);
    await expectNoPuts(cluster);

    const ended = { action: DEACTIVATE, memberID: fullId, alarm: NOSPACE };
    await other.client.demand(alarm, ended);
    expect(await alarms(full)).toEqual([]);
    await cluster.waitUntilCaughtUp();
    for (const { client } of cluster.members)
      await client.demand(put, { key: KEY, value: new Uint8Array(VALUE_BYTES) });
    cluster.expectNoDeaths();
  });
});

/** Writes one key again and again. @returns the refusal that ends it */
async function fill({ client }: PlacedMember): Promise<unknown> {
  for (let count = 0; count < (10 * QUOTA_BYTES) / VALUE_BYTES; count++) {
    const value = crypto.getRandomValues(new Uint8Array(VALUE_BYTES / 2));
    const outcome = await client.call(put, { key: KEY, value: Buffer.concat([value, value]) });
    if (!outcome.ok) return outcome;
  }
  throw new Error("there is no quota");
}

async function alarms({ client }: PlacedMember): Promise<readonly object[]> {
  return (await client.demand(alarm, {})).alarms.map((each) => ({
    memberID: each.memberID,
    alarm: each.alarm,
  }));
}

/** Whomever one asks; what takes no room is carried out all the same. */
async function expectNoPuts({ members }: TestCluster): Promise<void> {
  const putOne = { request: { case: "requestPut" as const, value: { key: Buffer.from("small") } } };
  const deleteOne = {
    request: { case: "requestDeleteRange" as const, value: { key: Buffer.from("small") } },
  };
  for (const { client, name } of members) {
    expect(await client.call(put, { key: Buffer.from("small") }), name).toEqual(NO_SPACE);
    expect(await client.call(txn, { failure: [putOne] }), name).toEqual(NO_SPACE);
    expect(await client.call(txn, { success: [deleteOne] }), name).toMatchObject({ ok: true });
    expect(await client.call(deleteRange, { key: Buffer.from("small") }), name).toMatchObject({ ok: true });
  }
}
