/** What readers, writers and watchers see of members that are killed. */
import { describe, expect, test } from "vitest";
import { UnknownOutcomeError } from "../errors/errors.js";
import { createClient } from "../node/create-client.js";
import { TRANSPORTS } from "../testing/bench.js";
import { MemberCluster } from "../testing/member-cluster.js";

const WRITES_BEFORE = 50;
const WRITES_AFTER = 200;

describe.each(TRANSPORTS)("over %s", (transport) => {
  test("no write is lost or made twice, and no watcher misses one, when the leader is killed", async () => {
    await using cluster = await MemberCluster.start();
    await using client = createClient({ endpoints: cluster.endpoints, transport });
    await using watcher = createClient({ endpoints: cluster.endpoints, transport });
    const { revision: first } = await client.put("n/begin", "0");
    const seen: { readonly revision: bigint; readonly value: string }[] = [];
    const watch = watcher.watch({ prefix: "n/" }, { startRevision: first });
    const watching = (async () => {
      for await (const { revision, events } of watch.batches())
        for (const event of events) {
          if (event.type === "put") seen.push({ revision, value: event.kv.value });
          if (event.kv.key === "n/end") return;
        }
    })();

    const known: string[] = [];
    const unknown: string[] = [];
    const write = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        const value = `${known.length + unknown.length + 1}`;
        try {
          await client.put("n/counter", value, { timeoutMs: 30_000 });
          known.push(value);
        } catch (error) {
          expect(error).toBeInstanceOf(UnknownOutcomeError);
          unknown.push(value);
        }
      }
    };
    await write(WRITES_BEFORE);
    const writing = write(WRITES_AFTER);
    await cluster.killLeader();
    await writing;
    const { revision: last } = await client.put("n/end", "0");
    await watching;

    // One key after another: each revision once, none left out.
    expect(seen.map(({ revision }) => revision)).toEqual(
      Array.from({ length: Number(last - first) + 1 }, (_, i) => first + BigInt(i)),
    );
    const values = seen.map(({ value }) => value);
    expect(values.filter((value) => known.includes(value))).toEqual(known);
    const others = values.slice(1, -1).filter((value) => !known.includes(value));
    expect(new Set(others).size).toBe(others.length);
    for (const value of others) expect(unknown).toContain(value);
    // A call at a time, and one leader: more than that can't have been on its way.
    expect(unknown.length).toBeLessThanOrEqual(2);
    expect((await client.getAll({ prefix: "n/" })).revision).toBe(last);
  });
});
