/** What a member that is asked for traces has in addition; loaded only then. */
import { randomBytes } from "node:crypto";
import type { TracerProvider } from "@opentelemetry/api";
import type { Logger } from "../log/logger.js";
import { CallTraces } from "./call-traces.js";
import type { TracingSettings } from "./settings.js";
import { SpanExport } from "./span-export.js";
import { SpanProvider } from "./span-provider.js";

/** Source: etcd's instrumentation scope, by which its spans are found. */
const SCOPE_NAME = "go.etcd.io/etcd";

const RANDOM_POOL_BYTES = 4096;

export interface Tracing {
  readonly traces: CallTraces;
  /** Sends what has not been sent. */
  stop(): Promise<void>;
}

/** @param version of this server, which spans carry. */
export function startTracing(settings: TracingSettings, logger: Logger, version: string): Tracing {
  const { address, serviceName, instanceId, samplesPerMillion } = settings;
  const resource = {
    "service.name": serviceName,
    ...(instanceId === "" ? {} : { "service.instance.id": instanceId }),
  };
  const source = { resource, scope: { name: SCOPE_NAME, version } };
  const spans = new SpanExport({ address, source, report: logger });
  const provider = new SpanProvider({
    samplesPerMillion,
    recorder: {
      unixMs: () => performance.timeOrigin + performance.now(),
      ended: (span) => {
        spans.add(span);
      },
    },
    randomHex: pooledRandomHex(),
  });
  logger.debug("distributed tracing enabled", {
    address,
    "service-name": serviceName,
    "service-instance-id": instanceId,
    "sampling-rate": samplesPerMillion,
  });
  return { ...traceInto(provider, version), stop: () => spans.close() };
}

/** Random bytes by the pool: a few at a time cost a call into the system each. */
function pooledRandomHex(): (byteCount: number) => string {
  let pool = Buffer.alloc(0);
  let used = 0;
  return (byteCount) => {
    if (used + byteCount > pool.length) {
      pool = randomBytes(RANDOM_POOL_BYTES);
      used = 0;
    }
    used += byteCount;
    return pool.toString("hex", used - byteCount, used);
  };
}

/** Traces that go wherever an application has its own go. */
export function traceInto(provider: TracerProvider, version: string): Tracing {
  return { traces: new CallTraces(provider.getTracer(SCOPE_NAME, version)), stop: () => Promise.resolve() };
}
