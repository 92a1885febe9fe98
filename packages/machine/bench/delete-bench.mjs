/**
 * What a transaction costs that deletes many keys in one turn, and how much of it is finding them: `npx tsc -b packages/machine &&
 * node packages/machine/bench/delete-bench.mjs [keys, default 100000]`. Medians of seven rounds.
 */
import { performance } from "node:perf_hooks";
import { MemoryEngine, Store } from "../dist/index.js";
import { KeyIndex } from "../dist/mvcc/key-index.js";

const KEYS = Number(process.argv[2] ?? 100_000);
const ROUNDS = 7;
const keys = Array.from({ length: KEYS }, (_, i) => Buffer.from(`lease-key/${String(i).padStart(8, "0")}`));
const value = Buffer.alloc(64, "v");

async function deleteAll() {
  const store = await Store.open(new MemoryEngine(), { yieldTurn: () => Promise.resolve() });
  let index = 0;
  for (const key of keys) {
    store.begin(++index, 1);
    store.put(key, 0, key.length, value, 0, value.length, 7n);
    store.end();
  }
  await store.flushPending();
  const start = performance.now();
  store.begin(index + 1, 1);
  for (const key of keys) store.delete(key, 0, key.length);
  store.end();
  return performance.now() - start;
}

function flipAll() {
  const index = new KeyIndex();
  keys.forEach((key, i) => {
    index.seek(key, 0, key.length);
    index.insert(key, 0, key.length, i, true);
  });
  const start = performance.now();
  keys.forEach((key, i) => {
    index.seek(key, 0, key.length);
    index.setHead(i, false);
  });
  return performance.now() - start;
}

const median = (times) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)].toFixed(1);
const deletes = [];
const flips = [];
for (let round = 0; round < ROUNDS; round++) {
  deletes.push(await deleteAll());
  flips.push(flipAll());
}
console.log(`${KEYS} deletes in one transaction: ${median(deletes)} ms`);
console.log(`of that, the search and the new heads in the index: ${median(flips)} ms`);
