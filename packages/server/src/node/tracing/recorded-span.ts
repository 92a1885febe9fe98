/** A span that is kept, from its start to its end. */
import type {
  Attributes,
  AttributeValue,
  Exception,
  Link,
  Span,
  SpanContext,
  SpanKind,
  SpanStatus,
  TimeInput,
} from "@opentelemetry/api";

/** Events of one span; more of them are counted and dropped. */
export const EVENTS_MAX = 128;

export interface SpanEvent {
  readonly name: string;
  readonly unixMs: number;
  readonly attributes: Attributes;
}

export interface SpanStart {
  readonly name: string;
  readonly kind: SpanKind;
  readonly context: SpanContext;
  readonly parentSpanId: string | undefined;
  readonly attributes: Attributes;
  readonly links: readonly Link[];
  readonly startUnixMs: number;
}

export interface SpanRecorder {
  /** Unix milliseconds with fractions; never goes back. */
  readonly unixMs: () => number;
  /** Takes a span that has ended. */
  readonly ended: (span: RecordedSpan) => void;
}

export class RecordedSpan implements Span {
  readonly start: SpanStart;
  readonly attributes: Record<string, AttributeValue | undefined>;
  readonly events: SpanEvent[] = [];
  readonly links: Link[];
  name: string;
  /** UNSET. */
  status: SpanStatus = { code: 0 };
  droppedEvents = 0;
  /** Below 0 until it has ended. */
  endUnixMs = -1;
  readonly #recorder: SpanRecorder;

  constructor(start: SpanStart, recorder: SpanRecorder) {
    this.start = start;
    this.name = start.name;
    this.attributes = { ...start.attributes };
    this.links = [...start.links];
    this.#recorder = recorder;
  }

  spanContext(): SpanContext {
    return this.start.context;
  }

  setAttribute(key: string, value: AttributeValue): this {
    if (this.isRecording()) this.attributes[key] = value;
    return this;
  }

  setAttributes(attributes: Attributes): this {
    if (this.isRecording()) Object.assign(this.attributes, attributes);
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (!this.isRecording()) return this;
    if (this.events.length === EVENTS_MAX) {
      this.droppedEvents += 1;
      return this;
    }
    const isTime = isTimeInput(attributesOrTime);
    const unixMs = toUnixMs(isTime ? attributesOrTime : time) ?? this.#recorder.unixMs();
    this.events.push({ name, unixMs, attributes: isTime ? {} : (attributesOrTime ?? {}) });
    return this;
  }

  addLink(link: Link): this {
    if (this.isRecording()) this.links.push(link);
    return this;
  }

  addLinks(links: Link[]): this {
    for (const link of links) this.addLink(link);
    return this;
  }

  setStatus(status: SpanStatus): this {
    if (this.isRecording()) this.status = status;
    return this;
  }

  updateName(name: string): this {
    if (this.isRecording()) this.name = name;
    return this;
  }

  end(endTime?: TimeInput): void {
    if (!this.isRecording()) return;
    this.endUnixMs = Math.max(this.start.startUnixMs, toUnixMs(endTime) ?? this.#recorder.unixMs());
    this.#recorder.ended(this);
  }

  isRecording(): boolean {
    return this.endUnixMs < 0;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    const message = typeof exception === "string" ? exception : (exception.message ?? "");
    this.addEvent("exception", { "exception.message": message }, time);
  }
}

function isTimeInput(value: Attributes | TimeInput | undefined): value is TimeInput {
  return typeof value === "number" || Array.isArray(value) || value instanceof Date;
}

export function toUnixMs(time: TimeInput | undefined): number | undefined {
  if (time === undefined || typeof time === "number") return time;
  return time instanceof Date ? time.getTime() : time[0] * 1000 + time[1] / 1e6;
}
