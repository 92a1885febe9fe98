// What one durable write costs: O_DSYNC against write + fdatasync, into a file that grows, is sparse, or holds zeros.
//   node packages/storage/bench/log-write-modes.mjs [writes] [bytes] [folder]
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const count = Number(process.argv[2] ?? 2000);
const bytes = Number(process.argv[3] ?? 4096);
const root = fs.mkdtempSync(join(process.argv[4] ?? tmpdir(), "quorate-bench-"));
const segmentBytes = 64 * 1024 * 1024;

function prepare(kind, path) {
  const fd = fs.openSync(path, "w+");
  const started = performance.now();
  if (kind === "sparse") fs.ftruncateSync(fd, segmentBytes);
  if (kind === "zeros") {
    const zeros = Buffer.alloc(1024 * 1024);
    for (let at = 0; at < segmentBytes; at += zeros.length) fs.writeSync(fd, zeros, 0, zeros.length, at);
  }
  fs.fsyncSync(fd);
  fs.closeSync(fd);
  return performance.now() - started;
}

for (const kind of ["growing", "sparse", "zeros"]) {
  for (const mode of ["O_DSYNC", "fdatasync"]) {
    const path = `${root}/segment`;
    const prepared = prepare(kind, path);
    const fd = fs.openSync(path, fs.constants.O_RDWR | (mode === "O_DSYNC" ? fs.constants.O_DSYNC : 0));
    const block = Buffer.alloc(bytes, 7);
    const latencies = [];
    for (let i = 0; i < count; i++) {
      const started = performance.now();
      await new Promise((resolve, reject) =>
        fs.write(fd, block, 0, bytes, i * bytes, (error) => {
          if (error) reject(error);
          else if (mode === "O_DSYNC") resolve();
          else fs.fdatasync(fd, (failure) => (failure ? reject(failure) : resolve()));
        }),
      );
      latencies.push(performance.now() - started);
    }
    fs.closeSync(fd);
    latencies.sort((a, b) => a - b);
    const at = (share) => `${(latencies[Math.floor((count - 1) * share)] * 1000).toFixed(0)} us`;
    console.log(
      `${kind}, ${mode}: prepared in ${prepared.toFixed(0)} ms, p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`,
    );
  }
}
fs.rmSync(root, { recursive: true });
