/**
 * Behind OpenTelemetry's API: makes spans, decides which are kept, and hands those on that have ended. A trace that somebody else has
 * begun is kept when its flag says so; of those that begin here, a share by trace id, so that all who see a trace decide alike.
 */
import {
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  trace,
  TraceFlags,
  type Context,
  type Span,
  type SpanContext,
  type SpanOptions,
  type Tracer,
  type TracerProvider,
} from "@opentelemetry/api";
import { RecordedSpan, toUnixMs, type SpanRecorder } from "./recorded-span.js";
import { SAMPLES_PER_MILLION_MAX } from "./settings.js";

export interface SpanProviderOptions {
  readonly samplesPerMillion: number;
  readonly recorder: SpanRecorder;
  /** So many random bytes as hexadecimal text. */
  readonly randomHex: (byteCount: number) => string;
}

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

export class SpanProvider implements TracerProvider {
  readonly #tracer: Tracer;

  constructor(options: SpanProviderOptions) {
    this.#tracer = new SpanTracer(options);
  }

  getTracer(): Tracer {
    return this.#tracer;
  }
}

class SpanTracer implements Tracer {
  readonly #options: SpanProviderOptions;
  /** Trace ids whose second half begins below this are kept. */
  readonly #sampledBelow: number;

  constructor(options: SpanProviderOptions) {
    this.#options = options;
    this.#sampledBelow = (options.samplesPerMillion / SAMPLES_PER_MILLION_MAX) * 2 ** 32;
  }

  startSpan(name: string, options: SpanOptions = {}, context: Context = ROOT_CONTEXT): Span {
    const { randomHex, recorder } = this.#options;
    const found = options.root === true ? undefined : trace.getSpanContext(context);
    const parent = found !== undefined && isSpanContextValid(found) ? found : undefined;
    const traceId = parent?.traceId ?? randomHex(TRACE_ID_BYTES);
    if (!this.#isSampled(traceId, parent))
      return trace.wrapSpanContext(parent ?? { ...INVALID_SPAN_CONTEXT, traceId });
    return new RecordedSpan(
      {
        name,
        kind: options.kind ?? SpanKind.INTERNAL,
        context: { traceId, spanId: randomHex(SPAN_ID_BYTES), traceFlags: TraceFlags.SAMPLED },
        parentSpanId: parent?.spanId,
        attributes: options.attributes ?? {},
        links: options.links ?? [],
        startUnixMs: toUnixMs(options.startTime) ?? recorder.unixMs(),
      },
      recorder,
    );
  }

  /** The API's way to run code inside of a span; the context is not carried along by itself here. */
  startActiveSpan<F extends (span: Span) => unknown>(name: string, ...rest: unknown[]): ReturnType<F> {
    const work = rest.pop() as F;
    const [options, context] = rest as [SpanOptions?, Context?];
    return work(this.startSpan(name, options, context)) as ReturnType<F>;
  }

  #isSampled(traceId: string, parent: SpanContext | undefined): boolean {
    if (parent !== undefined) return (parent.traceFlags & TraceFlags.SAMPLED) !== 0;
    return Number.parseInt(traceId.slice(16, 24), 16) < this.#sampledBelow;
  }
}
