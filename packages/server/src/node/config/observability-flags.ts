/** Flags of traces and of warnings about slow requests. Source: etcd `server/embed/config_tracing.go`, `config.go`. */
import { SAMPLES_PER_MILLION_MAX, type TracingSettings } from "../tracing/settings.js";

interface Values {
  text(name: string): string;
  boolean(name: string): boolean;
  integer(name: string): number;
  durationMs(name: string): number;
}

export interface ObservabilityFlags {
  /** Undefined when nobody wants traces. */
  readonly tracing: TracingSettings | undefined;
  /** Requests whose application takes longer are told of. */
  readonly warningApplyMs: number;
  /** Unary calls that take longer are told of. */
  readonly warningUnaryRequestMs: number;
}

/** @param fail throws */
export function readObservabilityFlags(values: Values, fail: (text: string) => never): ObservabilityFlags {
  return {
    tracing: values.boolean("enable-distributed-tracing") ? readTracing(values, fail) : undefined,
    warningApplyMs: values.durationMs("warning-apply-duration"),
    warningUnaryRequestMs: values.durationMs("warning-unary-request-duration"),
  };
}

function readTracing(values: Values, fail: (text: string) => never): TracingSettings {
  const samplesPerMillion = values.integer("distributed-tracing-sampling-rate");
  const invalid = (why: string): never => fail(`distributed tracing configurition is not valid: (${why})`);
  if (samplesPerMillion < 0) invalid("tracing sampling rate must be positive");
  if (samplesPerMillion > SAMPLES_PER_MILLION_MAX)
    invalid(`tracing sampling rate must be less than ${String(SAMPLES_PER_MILLION_MAX)}`);
  return {
    address: values.text("distributed-tracing-address"),
    serviceName: values.text("distributed-tracing-service-name"),
    instanceId: values.text("distributed-tracing-instance-id"),
    samplesPerMillion,
  };
}
