/**
 * The process: what Prometheus' clients call `process_*`, etcd's `os_fd_*`, the names of Go's runtime that dashboards may ask for, and what
 * this server has instead: Node's event loop, heaps and garbage collections, and its database.
 */
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { collectDefaultMetrics, Registry } from "prom-client";
import type { Exposition } from "./exposition.js";
import { formatLabels } from "./exposition.js";
import type { MetricsSources } from "./sources.js";

/** Of files under /proc that are read at each scrape. */
const LIMITS_FILE = "/proc/self/limits";

/** What all members of a process share: its observers of garbage collections and of the event loop run once, as long as the process. */
let processRegistry: Registry | undefined;

function sharedRegistry(): Registry {
  if (processRegistry !== undefined) return processRegistry;
  processRegistry = new Registry();
  collectDefaultMetrics({ register: processRegistry });
  return processRegistry;
}

export class ProcessFamilies {
  readonly #registry = sharedRegistry();
  readonly #fdLimit = readFdLimit();

  async write(out: Exposition, sources: MetricsSources): Promise<void> {
    // Of what has not been observed yet, in the spelling that all readers know.
    out.raw((await this.#registry.metrics()).replaceAll(/ Nan$/gm, " NaN"));
    const fds = countFds();
    out.gauge("os_fd_used", "Open file descriptors.", fds);
    out.gauge("os_fd_limit", "Most file descriptors that may be open.", this.#fdLimit);
    writeRuntime(out);
    writeEngine(out, sources);
  }
}

/** What has a counterpart in Node gets its value, all else is 0: dashboards find the series they expect. */
function writeRuntime(out: Exposition): void {
  const { heapUsed, heapTotal, rss, external, arrayBuffers } = process.memoryUsage();
  const off = Math.max(0, heapTotal - heapUsed);
  out.gauge("go_goroutines", "Always 1: one thread of JavaScript.", 1);
  out.gauge("go_threads", "Processors that the runtime's threads may use.", cpus().length);
  out.gauge("go_sched_gomaxprocs_threads", "Processors available.", availableParallelism());
  out.gauge("go_gc_gogc_percent", "Always 100: V8 decides by itself.", 100);
  out.gauge("go_gc_gomemlimit_bytes", "Always the largest number: there is no limit.", 2 ** 63);
  out.rows("gauge", { name: "go_info", help: "1, with the runtime's version." }, [
    [formatLabels({ version: `node ${process.version}` }), 1],
  ]);
  out.raw(
    [
      "# HELP go_gc_duration_seconds Always empty: see nodejs_gc_duration_seconds.",
      "# TYPE go_gc_duration_seconds summary",
      "go_gc_duration_seconds_sum 0",
      "go_gc_duration_seconds_count 0",
    ].join("\n"),
  );
  const gauges: Readonly<Record<string, number>> = {
    alloc_bytes: heapUsed,
    buck_hash_sys_bytes: 0,
    gc_sys_bytes: 0,
    heap_alloc_bytes: heapUsed,
    heap_idle_bytes: off,
    heap_inuse_bytes: heapUsed,
    heap_objects: 0,
    heap_released_bytes: 0,
    heap_sys_bytes: heapTotal,
    last_gc_time_seconds: 0,
    mcache_inuse_bytes: 0,
    mcache_sys_bytes: 0,
    mspan_inuse_bytes: 0,
    mspan_sys_bytes: 0,
    next_gc_bytes: 0,
    other_sys_bytes: external + arrayBuffers,
    stack_inuse_bytes: 0,
    stack_sys_bytes: 0,
    sys_bytes: rss,
  };
  for (const [name, value] of Object.entries(gauges))
    out.gauge(`go_memstats_${name}`, "Node's counterpart of Go's, 0 where it has none.", value);
  for (const name of ["alloc_bytes_total", "frees_total", "mallocs_total"])
    out.counter(`go_memstats_${name}`, "Always 0: V8 does not count it.", 0);
}

function writeEngine(out: Exposition, { meters, machine }: MetricsSources): void {
  const { statistics } = machine.store;
  out.counter("quorate_rocksdb_rows_written_total", "Rows written to the database.", meters.backendRows);
  out.counter("quorate_rocksdb_bytes_written_total", "Bytes written to the database.", meters.backendBytes);
  out.counter(
    "quorate_rocksdb_rows_read_total",
    "Rows asked of the database one by one.",
    meters.backendRowsRead,
  );
  out.histogram("quorate_rocksdb_read_seconds", "Time of a read of rows.", meters.backendReadSeconds);
  out.histogram(
    "quorate_rocksdb_flush_seconds",
    "Time to make what was written durable.",
    meters.backendFlushSeconds,
  );
  out.gauge(
    "quorate_store_unwritten_bytes",
    "Bytes applied that wait for the database.",
    statistics.unwrittenBytes,
  );
  out.gauge("quorate_store_cache_bytes", "Bytes of records in memory.", statistics.cacheBytes);
  out.gauge("quorate_store_revisions", "Revisions kept.", statistics.revisionCount);
  out.gauge("quorate_store_live_keys", "Keys that are not deleted.", statistics.liveKeyCount);
  out.gauge("quorate_leases", "Leases.", machine.lessor.size);
}

/** /proc is memory, not a disk: reading it in this turn takes microseconds. 0 where there is none. */
function countFds(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}

function readFdLimit(): number {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync(LIMITS_FILE, "utf8"));
    return Number(line?.[1] ?? 0);
  } catch {
    return 0;
  }
}
