/**
 * Measures how long the main thread's event loop stalls; loaded into a server with `--require`.
 *
 * On SIGUSR2 it prints one line to standard error, `event loop delay: {...}` with milliseconds since the line before, and
 * begins anew.
 */
const { monitorEventLoopDelay } = require("node:perf_hooks");
const { isMainThread } = require("node:worker_threads");

const RESOLUTION_MS = 1;

// Worker threads load what the main thread loads; they may be as busy as they like.
if (isMainThread) {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  process.on("SIGUSR2", () => {
    const toMilliseconds = (nanoseconds) => Number((nanoseconds / 1e6).toFixed(1));
    const p50 = toMilliseconds(histogram.percentile(50));
    const p99 = toMilliseconds(histogram.percentile(99));
    const max = toMilliseconds(histogram.max);
    process.stderr.write(`event loop delay: ${JSON.stringify({ p50, p99, max })}\n`);
    histogram.reset();
  });
}
