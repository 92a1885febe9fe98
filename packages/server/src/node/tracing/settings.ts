/** What `--distributed-tracing-*` say. Source: operations 5.2. */

export interface TracingSettings {
  /** `host:port` of the collector, which takes OTLP over gRPC without TLS. */
  readonly address: string;
  readonly serviceName: string;
  /** Which of the service's instances this is; empty for none. */
  readonly instanceId: string;
  /** Traces begun here that are kept, of a million; what others have begun is kept when they keep it. */
  readonly samplesPerMillion: number;
}

export const SAMPLES_PER_MILLION_MAX = 1_000_000;
