import { etcdserverpb } from "@quorate/proto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keyBytes } from "../kv/key-range.js";
import { describeOnBoth, type BenchClient, type Target } from "../testing/bench.js";
import { ConflictError, UpdateConflictError } from "./collection-errors.js";
import type { Collection } from "./collection.js";

interface User {
  readonly name: string;
  readonly logins: number;
}

const users = {
  encode: (user: User) => keyBytes(JSON.stringify(user)),
  decode: (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)) as User,
};
const ADA: User = { name: "Ada", logins: 0 };

describeOnBoth((start, openClient) => {
  let target: Target;
  let client: BenchClient;

  beforeAll(async () => {
    target = await start();
    client = openClient(target.endpoint);
  });

  afterAll(async () => {
    client.close();
    await target.stop();
  });

  const open = (prefix: string): Collection<User> => client.collection(prefix, users);

  test("documents are put, read, listed, counted and deleted", async () => {
    const collection = open("users/");
    expect(await collection.get("ada")).toBeUndefined();
    const revision = await collection.put("ada", ADA);
    await collection.put("bob", { name: "Bob", logins: 3 });
    expect(await collection.get("ada")).toEqual({
      id: "ada",
      value: ADA,
      revision,
      createRevision: revision,
      version: 1n,
      lease: 0n,
    });
    const ids: string[] = [];
    for await (const { id } of collection.list({ pageSize: 1 })) ids.push(id);
    expect(ids).toEqual(["ada", "bob"]);
    expect(await collection.count()).toBe(2);
    expect(await collection.count({ startsWith: "b" })).toBe(1);
    expect([await collection.delete("ada"), await collection.delete("ada")]).toEqual([true, false]);
    expect((await collection.get("ada", { revision }))?.value).toEqual(ADA);
    const then: string[] = [];
    for await (const { id } of collection.list({ revision, startsWith: "a" })) then.push(id);
    expect(then).toEqual(["ada"]);
  });

  test("a write on a condition is refused with the revision that is there", async () => {
    const collection = open("conditions/");
    const created = await collection.create("ada", ADA);
    const conflict = collection.create("ada", ADA);
    await expect(conflict).rejects.toThrow(ConflictError);
    await expect(conflict).rejects.toMatchObject({ id: "ada", actualRevision: created });
    const changed = await collection.put("ada", { name: "Ada", logins: 1 }, { ifRevision: created });
    await expect(collection.put("ada", ADA, { ifRevision: created })).rejects.toThrow(
      `"ada" was changed at revision ${changed}`,
    );
    await expect(collection.delete("ada", { ifRevision: created })).rejects.toThrow(ConflictError);
    expect(await collection.delete("ada", { ifRevision: changed })).toBe(true);
    await expect(collection.put("ada", ADA, { ifRevision: changed })).rejects.toThrow('"ada" does not exist');
  });

  test("no update is lost (20 at a time)", async () => {
    const collection = open("updates/");
    const login = (): Promise<unknown> =>
      collection.update("ada", (user = ADA) => ({ ...user, logins: user.logins + 1 }));
    await Promise.all(Array.from({ length: 20 }, login));
    expect((await collection.get("ada"))?.value.logins).toBe(20);
  });

  test("an update creates, changes, deletes, or leaves alone", async () => {
    const collection = open("update kinds/");
    const created = await collection.update("ada", () => ADA);
    expect(created).toEqual(await collection.get("ada"));
    const changed = await collection.update("ada", () => Promise.resolve({ name: "Ada", logins: 9 }));
    expect(changed).toEqual(await collection.get("ada"));
    expect(changed?.version).toBe(2n);
    expect(await collection.update("ada", () => undefined)).toBeUndefined();
    expect(await collection.get("ada")).toBeUndefined();
    expect(await collection.update("ada", () => undefined)).toBeUndefined();
  });

  test("an update keeps the lease, or changes it", async () => {
    const collection = open("leased/");
    await using first = await client.leases.grant(30);
    await using second = await client.leases.grant(30);
    await collection.put("ada", ADA, { lease: first });
    expect((await collection.update("ada", (user) => user))?.lease).toBe(first.id);
    expect((await collection.get("ada"))?.lease).toBe(first.id);
    await collection.update("ada", (user) => user, { lease: second.id });
    await first.revoke();
    expect((await collection.get("ada"))?.lease).toBe(second.id);
  });

  test("an update that always loses gives up", async () => {
    const collection = open("contended/");
    const update = collection.update(
      "ada",
      async (user = ADA) => {
        await collection.put("ada", { ...user, logins: user.logins + 1 });
        return ADA;
      },
      { attemptsMax: 3 },
    );
    await expect(update).rejects.toThrow(UpdateConflictError);
    expect((await collection.get("ada"))?.value.logins).toBe(3);
  });

  test("changes are watched from a revision, in order", async () => {
    const collection = open("watched/");
    const revision = await collection.put("ada", ADA);
    await collection.put("bob", ADA);
    await collection.delete("ada");
    const seen: string[] = [];
    for await (const event of collection.watch({ startRevision: revision })) {
      seen.push(`${event.kind} ${event.id} ${event.kind === "put" ? event.document.value.name : ""}`);
      if (seen.length === 3) break;
    }
    expect(seen).toEqual(["put ada Ada", "put bob Ada", "delete ada "]);
  });

  test("without a revision, what comes next is watched, until the signal says stop", async () => {
    const collection = open("watched next/");
    await collection.put("before", ADA);
    const stop = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { id } of collection.watch({ signal: stop.signal })) seen.push(id);
    })();
    watching.catch(() => undefined);
    for (let number = 0; seen.length === 0; number += 1) await collection.put(`after ${number}`, ADA);
    expect(seen[0]).toMatch(/^after/);
    stop.abort(new Error("enough"));
    await expect(watching).rejects.toThrow("enough");
  });

  test("a local copy has the same values", async () => {
    const collection = open("copied/");
    await collection.put("ada", ADA);
    await using cache = collection.cache();
    await cache.synced;
    expect(cache.get("copied/ada")?.value).toEqual(ADA);
  });

  test("bytes of others that are no document are an error for whoever reads them", async () => {
    const request = { key: keyBytes("broken/x"), value: keyBytes("{") };
    await client.calls.unary(etcdserverpb.KV.method.put, request, { safety: "write" });
    const broken = { name: "DecodeError", key: "broken/x" };
    const failure: unknown = await open("broken/")
      .get("x")
      .catch((error: unknown) => error);
    expect(failure).toMatchObject(broken);
    expect((failure as Error).cause).toBeInstanceOf(SyntaxError);
    await using cache = open("broken/").cache();
    await cache.synced;
    expect(() => cache.get("broken/x")?.value).toThrow(expect.objectContaining(broken) as Error);
  });
});
