// The engine port on RocksDB: batches, multi-gets, scans, opening. Build first (npx tsc -b packages/storage), then:
//   node packages/storage/bench/rocks-engine.mjs [rows] [rows a batch] [value bytes]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RocksEngine } from "../dist/index.js";

const rows = Number(process.argv[2] ?? 200_000);
const batchRows = Number(process.argv[3] ?? 2000);
const valueBytes = Number(process.argv[4] ?? 300);
const root = mkdtempSync(join(tmpdir(), "quorate-bench-"));
let engine = await RocksEngine.open(`${root}/db`);

const keys = Array.from({ length: rows }, (_, i) => {
  const key = Buffer.alloc(18, "_");
  key.writeUIntBE(i, 2, 6);
  return key;
});
const value = Buffer.alloc(valueBytes, 7);
const values = Array.from({ length: batchRows }, () => value);
const us = (ms, count) => `${((ms / count) * 1000).toFixed(2)} us`;

let onMainThread = 0;
let started = performance.now();
for (let i = 0; i < rows; i += batchRows) {
  const batch = keys.slice(i, i + batchRows);
  const turn = performance.now();
  const written = engine.write(batch, values.slice(0, batch.length));
  // The binding takes the rows over a microtask later.
  await null;
  await null;
  onMainThread += performance.now() - turn;
  await written;
}
console.log(
  `write: ${us(performance.now() - started, rows)} a row, ${us(onMainThread, rows)} on the main thread`,
);

started = performance.now();
await engine.flush();
console.log(
  `flush: ${(performance.now() - started).toFixed(1)} ms, ${(engine.sizeBytes / 2 ** 20).toFixed(0)} MiB`,
);

for (const count of [1, 100, 1000]) {
  const asked = Array.from({ length: count }, (_, i) => keys[(i * 7919) % rows]);
  started = performance.now();
  const rounds = Math.ceil(10_000 / count);
  for (let i = 0; i < Math.min(rounds, 500); i++) await engine.getMany(asked);
  console.log(
    `multi-get of ${count}: ${us(performance.now() - started, Math.min(rounds, 500) * count)} a key`,
  );
}

for (const chunkRows of [256, 1000]) {
  started = performance.now();
  let seen = 0;
  for await (const chunk of engine.scan(keys[0], Buffer.alloc(18, 0xff), chunkRows))
    seen += chunk.keys.length;
  console.log(
    `scan in chunks of ${chunkRows}: ${us(performance.now() - started, seen)} a row (${seen} rows)`,
  );
}

await engine.close();
started = performance.now();
engine = await RocksEngine.open(`${root}/db`);
console.log(`open: ${(performance.now() - started).toFixed(1)} ms`);
console.log(`resident: ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`);
await engine.close();
rmSync(root, { recursive: true });
