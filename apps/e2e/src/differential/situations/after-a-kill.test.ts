/** What a member still knows after it was killed: compactions under way, leases, alarms. Numbers are those of store-situations.md. */
import { ERRORS, create, etcdserverpb as pb } from "@quorate/proto";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { lacksOffers } from "../../harness/offers.js";
import { missesPrograms, subjectKind } from "../../harness/programs.js";
import { useMember } from "../../harness/use-member.js";
import { WireClient } from "../../harness/wire-client.js";
import { WatchTalk } from "./talk.js";

const { KV, Lease, Maintenance } = pb;
const { ACTIVATE, DEACTIVATE, GET } = pb.AlarmRequest_AlarmAction;
const NOSPACE = pb.AlarmType.NOSPACE;
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
/** Revisions for a compaction to free, at the pace that the flags below set: a second of them and more. */
const OLD_REVISIONS = 40;

const suite = "a member that is killed";
const isLeftOut = missesPrograms(suite, [subjectKind]) || lacksOffers(suite, ["KV", "Lease", "Watch"]);

describe.skipIf(isLeftOut)(suite, () => {
  const member = useMember({
    kind: subjectKind,
    flags: ["--compaction-batch-limit=10", "--compaction-sleep-interval=200ms"],
  });
  let client: WireClient;
  const clients: WireClient[] = [];
  const connect = (): WireClient => {
    client = new WireClient(member().endpoint);
    clients.push(client);
    return client;
  };
  const closeAll = (): void => clients.splice(0).forEach((each) => each.close());
  beforeEach(connect);
  afterEach(closeAll);
  afterAll(closeAll);

  async function killAndRestart(): Promise<void> {
    closeAll();
    await member().kill();
    await member().restart();
    connect();
  }

  /** A member that was killed has its log, one that was asked to stop has written all of it to its database. */
  async function restartBothWays(): Promise<void> {
    await killAndRestart();
    closeAll();
    await member().stop();
    await member().restart();
    connect();
  }

  const put = async (key: string, value = "", lease = 0n): Promise<bigint> =>
    (await client.demand(KV.method.put, { key: bytes(key), value: bytes(value), lease })).header?.revision ??
    0n;
  const remove = async (key: string): Promise<bigint> =>
    (await client.demand(KV.method.deleteRange, { key: bytes(key) })).header?.revision ?? 0n;
  const read = (key: string): Promise<pb.RangeResponse> =>
    client.demand(KV.method.range, { key: bytes(key) });

  it("rule 14: while it compacts to a deletion still tells of it to a watch from there", async () => {
    for (let i = 0; i < OLD_REVISIONS; i++) await put("old", String(i));
    await put("k", "1");
    await put("k", "2");
    const deletion = await remove("k");
    await put("k", "3");
    await client.demand(KV.method.compact, { revision: deletion });
    await killAndRestart();
    const told = async (): Promise<string[]> => {
      const watch = new WatchTalk(client);
      await watch.watch({ key: bytes("k"), startRevision: deletion });
      await watch.until(() => watch.told.some((event) => event.startsWith("put")));
      watch.close();
      return watch.told;
    };
    const expected = [`delete k@${deletion}`, `put k=3@${deletion + 1n}`];
    expect(await told()).toEqual(expected);
    // This one waits until the member has freed what it was asked to free before, and is refused then.
    const again = await client.call(KV.method.compact, { revision: deletion, physical: true });
    expect(again).toEqual({ ok: false, code: ERRORS.compacted.code, text: ERRORS.compacted.message });
    expect(await told()).toEqual(expected);
    expect(await client.call(KV.method.range, { key: bytes("k"), revision: deletion - 1n })).toEqual({
      ok: false,
      code: ERRORS.compacted.code,
      text: ERRORS.compacted.message,
    });
  });

  it("rule 15: while it compacts away its newest revision, a deletion, does not go back behind it", async () => {
    for (let i = 0; i < OLD_REVISIONS; i++) await put("old", String(i));
    await put("gone");
    const newest = await remove("gone");
    await client.demand(KV.method.compact, { revision: newest });
    await killAndRestart();
    expect((await read("gone")).header?.revision).toBe(newest);
    // Once more when the compaction is done.
    await client.demand(KV.method.compact, { revision: await remove("old"), physical: true });
    await killAndRestart();
    expect((await read("gone")).header?.revision).toBe(newest + 1n);
    expect(await put("gone")).toBe(newest + 2n);
  });

  it("rules 57 and 66: knows its leases, the strangest ids, and which of them each key belongs to", async () => {
    const ids = [-1n, -(2n ** 63n), 2n ** 63n - 1n];
    for (const id of ids) await client.demand(Lease.method.leaseGrant, { ID: id, TTL: 600n });
    for (const id of ids) await put(`of ${id}`, "", id);
    const [first = 0n, second = 0n] = ids;
    await put("moved", "", first);
    await put("moved", "", second);
    await restartBothWays();
    const { leases } = await client.demand(Lease.method.leaseLeases, {});
    expect(leases.map(({ ID }) => ID).sort(byValue)).toEqual([...ids].sort(byValue));
    await client.demand(Lease.method.leaseRevoke, { ID: first });
    expect([(await read(`of ${first}`)).count, (await read("moved")).count]).toEqual([0n, 1n]);
    await client.demand(Lease.method.leaseRevoke, { ID: second });
    expect((await read("moved")).count).toBe(0n);
    await client.demand(Lease.method.leaseRevoke, { ID: ids[2] ?? 0n });
  });

  it("rule 32: refuses puts after its restart as it did before, until the alarm is ended", async () => {
    const alarm = { memberID: 0xdead_beefn, alarm: NOSPACE };
    const noSpace = { ok: false, code: ERRORS["no-space"].code, text: ERRORS["no-space"].message };
    await client.demand(Maintenance.method.alarm, { action: ACTIVATE, ...alarm });
    expect(await client.call(KV.method.put, { key: bytes("a") })).toEqual(noSpace);
    await restartBothWays();
    expect((await client.demand(Maintenance.method.alarm, { action: GET })).alarms).toEqual([
      create(pb.AlarmMemberSchema, alarm),
    ]);
    expect(await client.call(KV.method.put, { key: bytes("a") })).toEqual(noSpace);
    expect(await client.call(KV.method.deleteRange, { key: bytes("a") })).toMatchObject({ ok: true });
    await client.demand(Maintenance.method.alarm, { action: DEACTIVATE, ...alarm });
    await put("a");
  });
});

function byValue(a: bigint, b: bigint): number {
  return a < b ? -1 : Number(a > b);
}
