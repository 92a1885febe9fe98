/** Locks and elections over the wire, with waiters that really watch. Numbers are those of store-situations.md. */
import {
  GrpcStatus,
  create,
  etcdserverpb as pb,
  fromBinary,
  toBinary,
  v3electionpb,
  v3lockpb,
} from "@quorate/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lacksOffers } from "../../harness/offers.js";
import { missesPrograms, subjectKind } from "../../harness/programs.js";
import { useMember } from "../../harness/use-member.js";
import { WireClient, pathOf } from "../../harness/wire-client.js";

const { KV, Lease } = pb;
const { Lock } = v3lockpb;
const { Election } = v3electionpb;
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));

const suite = "locks and elections";
const isLeftOut =
  missesPrograms(suite, [subjectKind]) || lacksOffers(suite, ["KV", "Lease", "Lock", "Election"]);

describe.skipIf(isLeftOut)(suite, () => {
  const member = useMember({ kind: subjectKind });
  let client: WireClient;
  beforeAll(() => {
    client = new WireClient(member().endpoint);
  });
  afterAll(() => client.close());

  const grant = async (): Promise<bigint> => (await client.demand(Lease.method.leaseGrant, { TTL: 600n })).ID;
  const read = (key: string, rangeEnd = ""): Promise<pb.RangeResponse> =>
    client.demand(KV.method.range, { key: bytes(key), rangeEnd: bytes(rangeEnd) });

  it("rule 70: a waiter whose lease is revoked before its turn is told that its session is over", async () => {
    const [holder, waiter] = [await grant(), await grant()];
    const name = bytes("lock");
    const held = await client.demand(Lock.method.lock, { name, lease: holder });
    const waiting = client.call(Lock.method.lock, { name, lease: waiter });
    await expect.poll(async () => (await read("lock/", "lock0")).count).toBe(2n);
    await client.demand(Lease.method.leaseRevoke, { ID: waiter });
    await client.demand(Lock.method.unlock, { key: held.key });
    expect(await waiting).toEqual({ ok: false, code: GrpcStatus.Unknown, text: "mutex: session is expired" });
    // Nobody holds it now.
    expect((await read("lock/", "lock0")).count).toBe(0n);
    const next = await client.demand(Lock.method.lock, { name, lease: await grant() });
    expect(next.header?.revision).toBeGreaterThan(held.header?.revision ?? 0n);
  });

  it("rule 71: a second candidacy under the same lease replaces the value and waits for nobody", async () => {
    const [name, lease] = [bytes("again"), await grant()];
    const first = await client.demand(Election.method.campaign, { name, lease, value: bytes("one") });
    const second = await client.demand(Election.method.campaign, { name, lease, value: bytes("two") });
    expect(second.leader).toEqual(first.leader);
    const { kv } = await client.demand(Election.method.leader, { name });
    expect(Buffer.from(kv?.value ?? []).toString()).toBe("two");
  });

  it("rule 72: a key that only begins like the election's keeps nobody from winning", async () => {
    await client.demand(KV.method.put, { key: bytes("testa") });
    const { leader } = await client.demand(Election.method.campaign, {
      name: bytes("test"),
      lease: await grant(),
      value: bytes("first"),
    });
    expect(Buffer.from(leader?.key ?? []).toString()).toMatch(/^test\/[0-9a-f]+$/);
  });

  it("rule 73: who observes is shown a leader whose revision was compacted, and its successor", async () => {
    const [name, lease] = [bytes("observed"), await grant()];
    const { leader } = await client.demand(Election.method.campaign, { name, lease, value: bytes("old") });
    const { header } = await client.demand(KV.method.put, { key: bytes("later") });
    await client.demand(KV.method.compact, { revision: header?.revision ?? 0n, physical: true });
    const request = toBinary(
      v3electionpb.LeaderRequestSchema,
      create(v3electionpb.LeaderRequestSchema, { name }),
    );
    const stream = client.openServerStream(pathOf(Election.method.observe), request);
    stream.on("error", () => undefined);
    const values: string[] = [];
    stream.on("data", (message: Buffer) => {
      const { kv } = fromBinary(v3electionpb.LeaderResponseSchema, message);
      values.push(Buffer.from(kv?.value ?? []).toString("latin1"));
    });
    await expect.poll(() => values).toEqual(["old"]);
    if (leader === undefined) throw new Error("nobody won");
    await client.demand(Election.method.resign, { leader });
    await client.demand(Election.method.campaign, { name, lease: await grant(), value: bytes("new") });
    await expect.poll(() => values).toEqual(["old", "new"]);
    stream.cancel();
  });
});
