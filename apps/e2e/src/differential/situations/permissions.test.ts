/** Watches and leases of users who may not do everything. Numbers are those of store-situations.md. */
import { ERRORS, authpb, etcdserverpb as pb } from "@quorate/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lacksOffers } from "../../harness/offers.js";
import { missesPrograms, subjectKind } from "../../harness/programs.js";
import { useMember } from "../../harness/use-member.js";
import { WireClient } from "../../harness/wire-client.js";
import { RenewalTalk, WatchTalk } from "./talk.js";

const { Auth, KV, Lease } = pb;
const { READ, READWRITE } = authpb.Permission_Type;
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
const DENIED = "rpc error: code = PermissionDenied desc = etcdserver: permission denied";
const LEASE = 7n;

const suite = "users who may not do everything";
const isLeftOut = missesPrograms(suite, [subjectKind]) || lacksOffers(suite, ["Auth", "Lease", "Watch"]);

describe.skipIf(isLeftOut)(suite, () => {
  const member = useMember({ kind: subjectKind, flags: ["--bcrypt-cost=4"] });
  const clients: WireClient[] = [];
  let anybody: WireClient;
  let alice: WireClient;
  let root: WireClient;

  function connect(metadata: Readonly<Record<string, string>>): WireClient {
    const client = new WireClient(member().endpoint, metadata);
    clients.push(client);
    return client;
  }

  async function logIn(name: string): Promise<WireClient> {
    const { token } = await anybody.demand(Auth.method.authenticate, { name, password: name });
    return connect({ token });
  }

  beforeAll(async () => {
    anybody = connect({});
    const { method } = Auth;
    for (const name of ["root", "alice"]) {
      await anybody.demand(method.userAdd, { name, password: name });
      await anybody.demand(method.roleAdd, { name });
      await anybody.demand(method.userGrantRole, { user: name, role: name });
    }
    for (const [key, permType] of [
      ["foo", READ],
      ["mine", READWRITE],
    ] as const)
      await anybody.demand(method.roleGrantPermission, {
        name: "alice",
        perm: { key: bytes(key), permType },
      });
    await anybody.demand(method.authEnable, {});
    [alice, root] = [await logIn("alice"), await logIn("root")];
  });
  afterAll(() => clients.forEach((each) => each.close()));

  it("rules 40 and 41: a refused watch has no id, and disturbs none; a key is not all keys from it on", async () => {
    const talk = new WatchTalk(alice);
    expect(await talk.watch({ key: bytes("foo") })).toMatchObject({ canceled: false, watchId: 0n });
    const refused = { created: true, canceled: true, watchId: -1n, cancelReason: DENIED };
    expect(await talk.watch({ key: bytes("secret") })).toMatchObject(refused);
    expect(await talk.watch({ key: bytes("foo"), rangeEnd: bytes("\0") })).toMatchObject(refused);
    expect(await talk.watch({ key: bytes("mine") })).toMatchObject({ canceled: false, watchId: 1n });
    await root.demand(KV.method.put, { key: bytes("foo") });
    await root.demand(KV.method.put, { key: bytes("secret") });
    await root.demand(KV.method.put, { key: bytes("mine") });
    await talk.until(() => talk.told.length === 2);
    const told = talk.heard.filter(({ events }) => events.length > 0);
    expect(told.map(({ watchId }) => watchId)).toEqual([0n, 1n]);
    expect(talk.told.map((each) => each.replace(/@.*/, ""))).toEqual(["put foo=", "put mine="]);
    talk.close();
  });

  it("rule 68: a lease that carries a key of others is not theirs to end, nor anybody's to renew", async () => {
    await root.demand(Lease.method.leaseGrant, { ID: LEASE, TTL: 600n });
    await root.demand(KV.method.put, { key: bytes("theirs"), lease: LEASE });
    const { code, message: text } = ERRORS["permission-denied"];
    expect(await alice.call(Lease.method.leaseRevoke, { ID: LEASE })).toEqual({ ok: false, code, text });
    expect((await root.demand(KV.method.range, { key: bytes("theirs") })).count).toBe(1n);
    const renewals = new RenewalTalk(anybody);
    renewals.say({ ID: LEASE });
    const { code: emptyCode, message } = ERRORS["user-empty"];
    expect(await renewals.ended()).toEqual({ code: emptyCode, text: message });
    await root.demand(Lease.method.leaseRevoke, { ID: LEASE });
    expect((await root.demand(KV.method.range, { key: bytes("theirs") })).count).toBe(0n);
  });
});
