import type { ServerCounters } from "./counters.js";
import type { MethodRegistry } from "./grpc/method-registry.js";
import type { ZlibJobs } from "./grpc/zlib-jobs.js";
import type { ChunkPool } from "./http2/output-buffer.js";
import type { Newcomers } from "./newcomers.js";
import type { ResolvedOptions } from "./options.js";
import type { SlowCalls } from "./slow-calls.js";
import type { TimerWheel } from "./timer-wheel.js";

/** What all connections of one server share. */
export interface ServerContext {
  readonly options: ResolvedOptions;
  readonly counters: ServerCounters;
  readonly registry: MethodRegistry;
  readonly wheel: TimerWheel;
  readonly slowCalls: SlowCalls;
  readonly zlib: ZlibJobs;
  readonly chunks: ChunkPool;
  readonly newcomers: Newcomers;
  readonly nowMs: () => number;
}
