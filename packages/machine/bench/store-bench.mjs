/**
 * Micro-benchmark of the store without an engine's cost: `npx tsc -b packages/machine && node --expose-gc
 * packages/machine/bench/store-bench.mjs [keys, default 1000000] [value bytes, default 256]`.
 */
import { monitorEventLoopDelay, PerformanceObserver, performance } from "node:perf_hooks";
import { createRevisionKey, LATEST, Store } from "../dist/index.js";
import { encodeRecord } from "../dist/mvcc/record-codec.js";

const KEYS = Number(process.argv[2] ?? 1_000_000);
const VALUE_BYTES = Number(process.argv[3] ?? 256);
const yieldTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Takes writes and forgets them. */
const nullEngine = {
  sizeBytes: 0,
  write: () => Promise.resolve(),
  getMany: (keys) => Promise.resolve(keys.map(() => undefined)),
  scan: async function* () {},
  flush: () => Promise.resolve(),
  compact: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

let gcMax = 0;
let gcTotal = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    gcMax = Math.max(gcMax, entry.duration);
    gcTotal += entry.duration;
  }
}).observe({ entryTypes: ["gc"] });

function memory() {
  globalThis.gc?.();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return { heapUsed, arrayBuffers, total: heapUsed + external };
}

async function measure(name, count, run) {
  gcMax = 0;
  gcTotal = 0;
  const cpu = process.cpuUsage();
  const start = performance.now();
  const longest = await run();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  await yieldTurn();
  const perCall = ((ms * 1000) / count).toFixed(3);
  const tail = longest === undefined ? "" : `, longest call ${longest.toFixed(2)} ms`;
  console.log(
    `${name}: ${perCall} us each (${((user + system) / count).toFixed(3)} us of processor time)${tail}, gc ${gcTotal.toFixed(0)} ms (longest ${gcMax.toFixed(1)} ms)`,
  );
}

/** Pseudo-random but distinct keys of 30 bytes. */
const key = Buffer.alloc(30, "k");
function writeKey(i) {
  key.latin1Write(`/registry/pods/${String(Math.imul(i, 0x9e3779b1) >>> 0).padStart(10, "0")}-`, 0);
  key.writeUInt32BE(i, 26);
}
const value = Buffer.alloc(VALUE_BYTES, "v");

const empty = memory();
let store = await Store.open(nullEngine, { yieldTurn });
let index = 0;

async function putAll() {
  let longest = 0;
  let since = 0;
  for (let i = 0; i < KEYS; i++) {
    writeKey(i);
    const start = performance.now();
    store.begin(++index, 1);
    store.put(key, 0, 30, value, 0, VALUE_BYTES, 0n);
    store.end();
    longest = Math.max(longest, performance.now() - start);
    if (++since === 500) {
      since = 0;
      const pumpStart = performance.now();
      const pumped = store.pump();
      longest = Math.max(longest, performance.now() - pumpStart);
      await pumped;
    }
  }
  await store.flushPending();
  return longest;
}

await measure(`put ${KEYS} new keys (with a batch each 500)`, KEYS, putAll);
const full = memory();
const cacheBytes = store.statistics.cacheBytes;
console.log(
  `memory per key: ${((full.total - empty.total - cacheBytes) / KEYS).toFixed(1)} bytes beyond the record cache ` +
    `(heap ${((full.heapUsed - empty.heapUsed) / KEYS).toFixed(1)}), statistics ${JSON.stringify(store.statistics)}`,
);
await measure(`put ${KEYS} old keys`, KEYS, putAll);

await measure("find random keys", KEYS, () => {
  let found = 0;
  for (let i = 0; i < KEYS; i++) {
    writeKey((i * 7919) % KEYS);
    if (store.find(key, 0, 30, LATEST) >= 0) found += 1;
  }
  if (found !== KEYS) throw new Error(`found ${found}`);
});
await measure("make and write a key (part of the figures above)", KEYS, () => {
  for (let i = 0; i < KEYS; i++) writeKey((i * 7919) % KEYS);
});
await measure("scan all", KEYS, () => {
  let visited = 0;
  store.scan(Buffer.from("/"), undefined, LATEST, () => {
    visited += 1;
    return true;
  });
  if (visited !== KEYS) throw new Error(`visited ${visited}`);
});
await measure("countLatest of random intervals", 100_000, () => {
  for (let i = 0; i < 100_000; i++) {
    writeKey((i * 7919) % KEYS);
    store.countLatest(key.subarray(0, 30), undefined);
  }
});
const target = new Uint8Array(4096);
await measure("find and copyRecord of recent keys", 100_000, () => {
  for (let i = 0; i < 100_000; i++) {
    writeKey(Math.max(0, KEYS - 1 - i));
    store.copyRecord(store.find(key, 0, 30, LATEST), target, 0);
  }
});
await measure("compact: free one old revision of each key", KEYS, async () => {
  store.begin(++index, 1);
  store.compact(store.revision);
  store.end();
  let longest = 0;
  for (let more = true; more;) {
    const start = performance.now();
    more = store.compactStep(1000);
    longest = Math.max(longest, performance.now() - start);
    await store.pump();
  }
  return longest;
});

store = undefined;
/** Makes its rows while it is scanned, so that they are not in the way of the garbage collector. */
const fullEngine = {
  ...nullEngine,
  scan: async function* () {
    for (let start = 0; start < KEYS; start += 512) {
      const chunk = { keys: [], values: [] };
      for (let i = start; i < Math.min(start + 512, KEYS); i++) {
        writeKey(i);
        const numbers = { createRevision: i + 2, modRevision: i + 2, version: 1, lease: 0n };
        chunk.keys.push(createRevisionKey(i + 2, 0, false));
        chunk.values.push(encodeRecord(key, value, numbers));
      }
      yield chunk;
    }
  },
};
await measure(`make ${KEYS} rows (part of the next figure)`, KEYS, async () => {
  for await (const chunk of fullEngine.scan()) if (chunk.keys.length === 0) throw new Error("empty chunk");
});
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
await measure(`restore ${KEYS} rows`, KEYS, async () => {
  store = await Store.open(fullEngine, { yieldTurn });
});
delay.disable();
console.log(`longest turn during restore: ${(delay.max / 1e6).toFixed(1)} ms`);
