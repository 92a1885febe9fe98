import { etcdserverpb } from "@quorate/proto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keyBytes } from "../kv/key-range.js";
import { utf8 } from "../codec/codec.js";
import { CompactedError } from "../errors/errors.js";
import type { Key, KeyRange } from "../kv/key-range.js";
import { Keyspace } from "../namespace/keyspace.js";
import { eventsOf, type KeyEvents, type KeyEventsOptions } from "../session/store.js";
import type { WatchBatch } from "../watch/watch-types.js";
import { Watches } from "../watch/watches.js";
import { describeOnBoth, type BenchClient, type Target } from "../testing/bench.js";
import { Cache, type CacheOptions } from "./cache.js";
import { CacheClosedError, CacheNotSyncedError, CacheOverflowError } from "./cache-errors.js";

const KV = etcdserverpb.KV.method;

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

  const put = async (key: string, value: string): Promise<bigint> => {
    const request = { key: keyBytes(key), value: keyBytes(value) };
    return (await client.calls.unary(KV.put, request, { safety: "write" })).header?.revision ?? 0n;
  };
  const remove = async (key: string): Promise<bigint> =>
    (await client.calls.unary(KV.deleteRange, { key: keyBytes(key) }, { safety: "write" })).header
      ?.revision ?? 0n;
  const open = (prefix: string, options?: CacheOptions): Cache<string> => client.cache(prefix, options);
  const shown = (cache: Cache<string>): Record<string, string> =>
    Object.fromEntries(cache.entries().map((entry) => [entry.key, entry.value]));

  test("a copy is complete when it says so, and follows", async () => {
    for (const name of ["b", "a", "d"]) await put(`follow/${name}`, name);
    await put("follow0", "outside");
    await using cache = open("follow/");
    expect(cache.isSynced).toBe(false);
    expect(() => cache.get("follow/a")).toThrow(CacheNotSyncedError);
    await cache.synced;
    expect(shown(cache)).toEqual({ "follow/a": "a", "follow/b": "b", "follow/d": "d" });
    await put("follow/c", "c");
    await remove("follow/b");
    const revision = await put("follow/a", "A");
    await cache.reached(revision);
    expect(cache.revision).toBeGreaterThanOrEqual(revision);
    expect(cache.entries().map(({ key }) => key)).toEqual(["follow/a", "follow/c", "follow/d"]);
    expect(cache.get("follow/a")).toMatchObject({ value: "A", modRevision: revision, version: 2n });
    expect([cache.has("follow/b"), cache.size, cache.sizeBytes]).toEqual([false, 3, 27]);
    expect(cache.entries("follow/c").map(({ value }) => value)).toEqual(["c"]);
  });

  test("a snapshot stays as it was", async () => {
    await put("snap/a", "1");
    await using cache = open("snap/");
    await cache.synced;
    const snapshot = cache.snapshot();
    await cache.reached(await put("snap/a", "2"));
    await cache.reached(await put("snap/b", "3"));
    expect([...snapshot].map(({ key, value }) => [key, value])).toEqual([["snap/a", "1"]]);
    expect([snapshot.size, snapshot.has("snap/b"), snapshot.get("snap/a")?.value]).toEqual([1, false, "1"]);
    expect(snapshot.revision).toBeLessThan(cache.revision);
    expect(snapshot.entries("snap/b")).toEqual([]);
  });

  test("many pages are of one revision", async () => {
    for (let number = 0; number < 25; number += 1) await put(`pages/${String(number).padStart(2, "0")}`, "x");
    await using cache = open("pages/", { pageRows: 4 });
    await cache.synced;
    expect(cache.size).toBe(25);
    expect(cache.listCount).toBe(1);
  });

  test("changes come in order, first what is there if that is asked for", async () => {
    await put("changes/a", "1");
    await using cache = open("changes/");
    await cache.synced;
    const changes = cache.changes({ initial: true });
    const next = async (): Promise<unknown[]> => {
      const { value } = await changes.next();
      if (value === undefined) return [];
      return [
        value.kind,
        value.key,
        value.kind === "put" ? value.entry.value : undefined,
        value.previous?.value,
      ];
    };
    expect(await next()).toEqual(["put", "changes/a", "1", undefined]);
    const waiting = next();
    await put("changes/b", "2");
    expect(await waiting).toEqual(["put", "changes/b", "2", undefined]);
    await put("changes/a", "3");
    expect(await next()).toEqual(["put", "changes/a", "3", "1"]);
    await remove("changes/b");
    expect(await next()).toEqual(["delete", "changes/b", undefined, "2"]);
    const last = changes.next();
    await cache.close();
    expect(await last).toEqual({ done: true, value: undefined });
  });

  test("a slow reader of changes gets the newest of each key, and never what came and went", async () => {
    await put("slow/a", "0");
    await using cache = open("slow/");
    await cache.synced;
    const changes = cache.changes();
    for (let number = 1; number <= 10; number += 1) await put("slow/a", String(number));
    await put("slow/b", "fleeting");
    await cache.reached(await remove("slow/b"));
    await cache.close();
    const seen: unknown[] = [];
    for await (const change of changes) seen.push([change.kind, change.key, change.previous?.value]);
    expect(seen).toEqual([["put", "slow/a", "0"]]);
  });

  test("what was compacted away meanwhile is listed again, and its changes reported", async () => {
    await put("again/kept", "1");
    await put("again/changed", "1");
    await put("again/deleted", "1");
    const { calls } = client;
    const events = new InterruptedEvents(eventsOf(new Watches(calls)));
    await using cache = new Cache({ calls, events, keyspace: new Keyspace() }, "again/", utf8);
    await cache.synced;
    const changes = cache.changes();
    events.pause();
    await put("again/changed", "2");
    await put("again/new", "1");
    const revision = await remove("again/deleted");
    events.fail();
    await cache.reached(revision);
    expect(cache.listCount).toBe(2);
    expect(shown(cache)).toEqual({ "again/kept": "1", "again/changed": "2", "again/new": "1" });
    await cache.reached(await put("again/last", "1"));
    await cache.close();
    const seen: string[] = [];
    for await (const { kind, key } of changes) seen.push(`${kind} ${key}`);
    expect(seen).toEqual(["delete again/deleted", "put again/changed", "put again/new", "put again/last"]);
  });

  test.each([
    ["entriesMax", { entriesMax: 2 }],
    ["bytesMax", { bytesMax: 20 }],
  ])("a copy beyond %s ends", async (limit, options) => {
    const prefix = `full ${limit}/`;
    await using cache = open(prefix, options);
    await cache.synced;
    const changes = cache.changes();
    for (const name of ["a", "b", "c"]) await put(prefix + name, "xx");
    const reason = await new Promise((resolve) => {
      cache.ended.addEventListener("abort", () => resolve(cache.ended.reason), { once: true });
      if (cache.ended.aborted) resolve(cache.ended.reason);
    });
    expect(reason).toBeInstanceOf(CacheOverflowError);
    expect(reason).toMatchObject({ limit });
    expect(() => cache.get("x")).toThrow(CacheOverflowError);
    await expect(drain(changes)).rejects.toThrow(CacheOverflowError);
    await expect(cache.reached(1_000_000n)).rejects.toThrow(CacheOverflowError);
  });

  test("keys without values take no room for them", async () => {
    await put("keys/a", "a long value");
    await using cache = open("keys/", { keysOnly: true });
    await cache.synced;
    await cache.reached(await put("keys/b", "another long value"));
    expect(cache.entries().map(({ key, value }) => [key, value])).toEqual([
      ["keys/a", ""],
      ["keys/b", ""],
    ]);
    expect(cache.sizeBytes).toBe(12);
  });

  test("the empty prefix is every key, and a prefix of 0xff has no end", async () => {
    await put("everything", "1");
    await using all = open("");
    await all.synced;
    expect(all.has("everything")).toBe(true);
    await using end = client.cache(Uint8Array.of(0xff));
    await end.synced;
    expect(end.size).toBe(0);
    expect(all.entries(Uint8Array.of(0xff))).toEqual([]);
  });

  test("a closed copy holds nothing, and says so", async () => {
    const stop = new AbortController();
    const cache = open("closed/", { signal: stop.signal });
    const early = open("closed/");
    await early.close();
    await expect(early.synced).rejects.toThrow(CacheClosedError);
    await cache.synced;
    stop.abort(new Error("enough"));
    expect(() => cache.size).toThrow("enough");
    await expect(cache.reached(1n)).rejects.toThrow("enough");
    await expect(drain(cache.changes())).rejects.toThrow("enough");
    await cache.close();
  });

  test("leaving the loop over changes ends them alone", async () => {
    await put("left/a", "1");
    await using cache = open("left/");
    await cache.synced;
    for await (const { key } of cache.changes({ initial: true })) {
      expect(key).toBe("left/a");
      break;
    }
    expect(cache.size).toBe(1);
  });
});

async function drain(changes: AsyncIterable<unknown>): Promise<void> {
  for await (const change of changes) void change;
}

/** Watches that can be held back, and then end as if history had been compacted. */
class InterruptedEvents implements KeyEvents {
  readonly #events: KeyEvents;
  #isPaused = false;
  #fail: (() => void) | undefined;

  constructor(events: KeyEvents) {
    this.#events = events;
  }

  pause(): void {
    this.#isPaused = true;
  }

  fail(): void {
    this.#isPaused = false;
    this.#fail?.();
  }

  async *watch(
    keyspace: Keyspace,
    keys: Key | KeyRange,
    options: KeyEventsOptions,
  ): AsyncGenerator<WatchBatch<Uint8Array>> {
    const failure = new Promise<never>((_, reject) => {
      this.#fail = () => reject(new CompactedError(undefined));
    });
    failure.catch(() => undefined);
    const batches = this.#events.watch(keyspace, keys, options)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { done, value } = await Promise.race([batches.next(), failure]);
        if (done === true) return;
        if (this.#isPaused) await failure;
        yield value;
      }
    } finally {
      void batches.return?.();
    }
  }
}
