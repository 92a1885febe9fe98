// Throughput and latency of the log on this disk. Build first (npx tsc -b packages/storage), then:
//   node packages/storage/bench/wal-append.mjs [waiters] [seconds] [payload bytes] [folder]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createWal, NodeFiles, openWal } from "../dist/index.js";

const waiters = Number(process.argv[2] ?? 1);
const seconds = Number(process.argv[3] ?? 3);
const payloadBytes = Number(process.argv[4] ?? 300);
const root = mkdtempSync(join(process.argv[5] ?? tmpdir(), "quorate-bench-"));
const files = new NodeFiles();

const created = performance.now();
const wal = await createWal(files, `${root}/wal`, { nodeId: 1n, clusterId: 2n });
console.log(`create: ${(performance.now() - created).toFixed(1)} ms`);

const data = Buffer.alloc(payloadBytes, 7);
const latencies = [];
let index = 0;
const end = performance.now() + seconds * 1000;
const cpu = process.cpuUsage();
await new Promise((resolve, reject) => {
  let running = waiters;
  const next = () => {
    const started = performance.now();
    if (started > end) return --running === 0 && resolve();
    index++;
    wal.append({ entries: [{ type: 0, term: 1, index, data }], hardState: undefined }, (error) => {
      if (error) return reject(error);
      latencies.push(performance.now() - started);
      next();
    });
  };
  for (let i = 0; i < waiters; i++) next();
});
const used = process.cpuUsage(cpu);
const tail = { term: 1, vote: 1n, commit: index };
await new Promise((resolve, reject) =>
  wal.append({ entries: [], hardState: tail }, (e) => (e ? reject(e) : resolve())),
);
await wal.close();

latencies.sort((a, b) => a - b);
const at = (share) => `${(latencies[Math.floor((latencies.length - 1) * share)] * 1000).toFixed(0)} us`;
console.log(
  `${waiters} waiters: ${Math.round(index / seconds)} entries/s, p50 ${at(0.5)}, p99 ${at(0.99)}, p99.9 ${at(0.999)}, ` +
    `max ${at(1)}, ${((used.user + used.system) / index).toFixed(2)} us of processor each, ` +
    `${wal.segmentNames.length} segments`,
);
const opening = performance.now();
const log = await openWal(files, `${root}/wal`);
console.log(`reopen: ${(performance.now() - opening).toFixed(0)} ms for ${log.entries.length} entries`);
await log.wal.close();
rmSync(root, { recursive: true });
