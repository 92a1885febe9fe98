import { Etcd3 } from "etcd3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lacksOffers } from "../harness/offers.js";
import type { Offer } from "../harness/offers.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { useMember } from "../harness/use-member.js";

const suite = "the npm client etcd3";

describe.skipIf(missesPrograms(suite, [subjectKind]))(suite, () => {
  const member = useMember({ kind: subjectKind });
  let client: Etcd3;
  beforeAll(() => {
    client = new Etcd3({ hosts: `http://${member().endpoint}` });
  });
  afterAll(() => client.close());

  it("writes, reads, counts and deletes", async () => {
    await client.put("fruit/apple").value("green");
    await client.put("fruit/banana").value("yellow");
    expect(await client.get("fruit/apple").string()).toBe("green");
    expect(await client.get("no such key").string()).toBeNull();
    expect(await client.getAll().prefix("fruit/").strings()).toEqual({
      "fruit/apple": "green",
      "fruit/banana": "yellow",
    });
    expect(await client.getAll().prefix("fruit/").sort("Value", "Descend").limit(1).keys()).toEqual([
      "fruit/banana",
    ]);
    expect(await client.getAll().prefix("fruit/").count()).toBe(2);
    expect((await client.delete().prefix("fruit/")).deleted).toBe("2");
  });

  it("carries binary keys and values through unharmed", async () => {
    const key = Buffer.from([0x62, 0, 0xff, 0x80]);
    const value = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    await client.put(key).value(value);
    expect((await client.get(key).buffer())?.equals(value)).toBe(true);
  });

  it("compares and writes in one transaction", async () => {
    await client.put("counter").value("1");
    const swap = (expected: string, next: string): Promise<{ succeeded: boolean }> =>
      client.if("counter", "Value", "==", expected).then(client.put("counter").value(next)).commit();
    expect((await swap("1", "2")).succeeded).toBe(true);
    expect((await swap("1", "3")).succeeded).toBe(false);
    expect(await client.get("counter").string()).toBe("2");
  });

  itNeeding(["Watch"], "watches a prefix, from now on and from a past revision", async () => {
    const past = await client.put("watched/0").value("past");
    const watcher = await client.watch().prefix("watched/").startRevision(past.header.revision).create();
    const seen: string[] = [];
    const done = new Promise<void>((resolve) => {
      watcher.on("put", (pair) => seen.push(`put ${pair.key.toString()}=${pair.value.toString()}`));
      watcher.on("delete", (pair) => {
        seen.push(`delete ${pair.key.toString()}`);
        resolve();
      });
    });
    await client.put("watched/1").value("now");
    await client.delete().key("watched/1");
    await done;
    await watcher.cancel();
    expect(seen).toEqual(["put watched/0=past", "put watched/1=now", "delete watched/1"]);
  });

  itNeeding(["Lease"], "attaches keys to a lease that takes them along when it is revoked", async () => {
    const lease = client.lease(60);
    await lease.put("leased").value("x");
    expect(await client.get("leased").string()).toBe("x");
    await lease.revoke();
    expect(await client.get("leased").string()).toBeNull();
  });

  it("turns errors into its own types by their text", async () => {
    await expect(client.put("").value("x").exec()).rejects.toMatchObject({
      message: expect.stringContaining("key is not provided") as string,
    });
    await expect(client.get("a").revision(1_000_000).exec()).rejects.toMatchObject({
      message: expect.stringContaining("required revision is a future revision") as string,
    });
  });

  itNeeding(["Lease"], "holds a lock against another", async () => {
    const first = client.lock("door");
    await first.acquire();
    await expect(client.lock("door").acquire()).rejects.toThrow();
    await first.release();
    const second = client.lock("door");
    await second.acquire();
    await second.release();
  });

  itNeeding(["Lease", "Watch"], "elects a leader and sees the next one follow", async () => {
    const election = client.election("chair", 60);
    const first = election.campaign("first");
    await new Promise<void>((resolve) => first.on("elected", resolve));
    expect(await election.leader()).toBe("first");
    const second = election.campaign("second");
    const followed = new Promise<void>((resolve) => second.on("elected", resolve));
    await first.resign();
    await followed;
    expect(await election.leader()).toBe("second");
    await second.resign();
  });
});

/** A test of what not every server offers. */
function itNeeding(needs: readonly Offer[], name: string, run: () => Promise<void>): void {
  it.skipIf(lacksOffers(`${suite}: ${name}`, needs))(name, run);
}
