/**
 * The server under test as a process of its own, so that its memory can be measured and its death noticed. Started by
 * `startServerProcess`; speaks over the process channel.
 */
import type { GrpcServerOptions } from "../../options.js";
import { startTestServer } from "./test-server.js";

/** What the parent may ask for, and what it is told. */
export interface ServerReport {
  readonly port: number;
  /** Live bytes after a collection: heap, buffers and what else V8 knows of. */
  readonly liveBytes: number;
  /** The most memory the process ever had, in bytes. */
  readonly peakBytes: number;
  readonly connectionsOpen: number;
  readonly callsOpen: number;
}

const options = JSON.parse(process.argv[2] ?? "{}") as GrpcServerOptions;
const server = await startTestServer(options);

const collect = (globalThis as { gc?: () => void }).gc ?? ((): void => undefined);

async function report(): Promise<void> {
  collect();
  // Buffers are freed behind a collection, on another thread; the second one waits for the first.
  await new Promise(setImmediate);
  collect();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  const message: ServerReport = {
    port: server.port,
    liveBytes: heapUsed + external + arrayBuffers,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    connectionsOpen: server.grpc.counters.connectionsOpen,
    callsOpen: server.grpc.counters.callsOpen,
  };
  process.send?.(message);
}

process.on("message", () => void report());
process.on("disconnect", () => process.exit(0));
await report();
