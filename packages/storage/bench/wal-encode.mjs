// Main-thread cost of encoding an entry into the log's buffer. Build first (npx tsc -b packages/storage), then:
//   node packages/storage/bench/wal-encode.mjs [payload bytes]
import { createEntry } from "@quorate/raft";
import { FrameEncoder } from "../dist/wal/frame-encoder.js";

const payloadBytes = Number(process.argv[2] ?? 300);
const data = Buffer.alloc(payloadBytes, "some payload ");
const entries = Array.from({ length: 1000 }, (_, i) => createEntry(0, 7, 1_000_000 + i, data));
const buffer = Buffer.allocUnsafeSlow(2 * 1024 * 1024 + 1000 * payloadBytes);
const encoder = new FrameEncoder(0, buffer);

const rounds = [];
for (let round = 0; round < 400; round++) {
  encoder.start(buffer);
  const started = performance.now();
  for (const entry of entries) encoder.entry(entry);
  rounds.push(performance.now() - started);
}
rounds.sort((a, b) => a - b);
const us = (ms) => ms.toFixed(3);
console.log(`entry of ${payloadBytes} bytes: best ${us(rounds[0])} us, median ${us(rounds[200])} us`);
