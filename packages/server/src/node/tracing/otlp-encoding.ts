/** Spans as an `ExportTraceServiceRequest` of OTLP. Source: opentelemetry-proto `collector/trace/v1`, `trace/v1`, `common/v1`. */
import type { Attributes, AttributeValue } from "@opentelemetry/api";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { RecordedSpan, SpanEvent } from "./recorded-span.js";

export interface SpanSource {
  /** Attributes of the process. */
  readonly resource: Attributes;
  /** Who has made the spans. */
  readonly scope: { readonly name: string; readonly version: string };
}

/** OTLP counts kinds from 1. */
const KIND_OFFSET = 1;

export function encodeExport(spans: readonly RecordedSpan[], { resource, scope }: SpanSource): Uint8Array {
  const writer = new BinaryWriter();
  // ResourceSpans
  nested(writer, 1, () => {
    nested(writer, 1, () => writeAttributes(writer, 1, resource));
    // ScopeSpans
    nested(writer, 2, () => {
      nested(writer, 1, () => {
        writer.tag(1, WireType.LengthDelimited).string(scope.name);
        writer.tag(2, WireType.LengthDelimited).string(scope.version);
      });
      for (const span of spans) nested(writer, 2, () => writeSpan(writer, span));
    });
  });
  return writer.finish();
}

function writeSpan(writer: BinaryWriter, span: RecordedSpan): void {
  const { context, parentSpanId, kind, startUnixMs } = span.start;
  writer.tag(1, WireType.LengthDelimited).bytes(fromHex(context.traceId));
  writer.tag(2, WireType.LengthDelimited).bytes(fromHex(context.spanId));
  if (parentSpanId !== undefined) writer.tag(4, WireType.LengthDelimited).bytes(fromHex(parentSpanId));
  writer.tag(5, WireType.LengthDelimited).string(span.name);
  writer.tag(6, WireType.Varint).int32(kind + KIND_OFFSET);
  writeTime(writer, 7, startUnixMs);
  writeTime(writer, 8, span.endUnixMs);
  writeAttributes(writer, 9, span.attributes);
  for (const event of span.events) nested(writer, 11, () => writeEvent(writer, event));
  if (span.droppedEvents > 0) writer.tag(12, WireType.Varint).uint32(span.droppedEvents);
  for (const link of span.links) {
    nested(writer, 13, () => {
      writer.tag(1, WireType.LengthDelimited).bytes(fromHex(link.context.traceId));
      writer.tag(2, WireType.LengthDelimited).bytes(fromHex(link.context.spanId));
      writeAttributes(writer, 4, link.attributes ?? {});
    });
  }
  const { code, message = "" } = span.status;
  if (code === 0) return;
  nested(writer, 15, () => {
    if (message !== "") writer.tag(2, WireType.LengthDelimited).string(message);
    writer.tag(3, WireType.Varint).int32(code);
  });
}

function writeEvent(writer: BinaryWriter, { name, unixMs, attributes }: SpanEvent): void {
  writeTime(writer, 1, unixMs);
  writer.tag(2, WireType.LengthDelimited).string(name);
  writeAttributes(writer, 3, attributes);
}

/** Nanoseconds since 1970, more exact than a number can be. */
function writeTime(writer: BinaryWriter, field: number, unixMs: number): void {
  const wholeMs = Math.floor(unixMs);
  const nanos = BigInt(wholeMs) * 1_000_000n + BigInt(Math.round((unixMs - wholeMs) * 1e6));
  writer.tag(field, WireType.Bit64).fixed64(nanos);
}

function writeAttributes(writer: BinaryWriter, field: number, attributes: Attributes): void {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    nested(writer, field, () => {
      writer.tag(1, WireType.LengthDelimited).string(key);
      nested(writer, 2, () => writeValue(writer, value));
    });
  }
}

function writeValue(writer: BinaryWriter, value: AttributeValue | null): void {
  if (typeof value === "string") writer.tag(1, WireType.LengthDelimited).string(value);
  else if (typeof value === "boolean") writer.tag(2, WireType.Varint).bool(value);
  else if (typeof value === "number") {
    if (Number.isSafeInteger(value)) writer.tag(3, WireType.Varint).int64(value);
    else writer.tag(4, WireType.Bit64).double(value);
  } else if (Array.isArray(value)) {
    nested(writer, 5, () => {
      for (const each of value) nested(writer, 1, () => writeValue(writer, each ?? null));
    });
  }
}

function nested(writer: BinaryWriter, field: number, write: () => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write();
  writer.join();
}

function fromHex(text: string): Uint8Array {
  return Buffer.from(text, "hex");
}
