import { afterEach, expect, test } from "vitest";
import type { RecordedSpan } from "./recorded-span.js";
import { SpanExport, SPANS_WAITING_MAX } from "./span-export.js";
import { SpanProvider } from "./span-provider.js";
import { Collector } from "./testing/collector.js";

const collectors: Collector[] = [];
afterEach(async () => {
  for (const collector of collectors.splice(0)) await collector.stop();
});

async function startCollector(): Promise<Collector> {
  const collector = await Collector.start();
  collectors.push(collector);
  return collector;
}

const SOURCE = { resource: { "service.name": "test" }, scope: { name: "scope", version: "1" } };

function makeSpans(count: number): RecordedSpan[] {
  const made: RecordedSpan[] = [];
  const tracer = new SpanProvider({
    samplesPerMillion: 1_000_000,
    recorder: { unixMs: () => 1_700_000_000_000.25, ended: (span) => void made.push(span) },
    randomHex: (bytes) => "ab".repeat(bytes),
  }).getTracer();
  for (let i = 0; i < count; i++)
    tracer
      .startSpan(`span ${String(i)}`, { attributes: { yes: true, half: 0.5, list: ["a"], id: -1 } })
      .end();
  return made;
}

function reported(lines: string[]) {
  return { warn: (message: string) => void lines.push(message) };
}

test("spans arrive as the collector's protocol has them, times to the microsecond", async () => {
  const collector = await startCollector();
  const spans = new SpanExport({ address: collector.address, source: SOURCE, report: reported([]) });
  for (const span of makeSpans(2)) spans.add(span);
  await spans.close();
  expect([...collector.paths]).toEqual(["/opentelemetry.proto.collector.trace.v1.TraceService/Export"]);
  expect(collector.spans).toMatchObject([
    {
      ...{ name: "span 0", kind: 1, parentSpanId: "", traceId: "ab".repeat(16), spanId: "ab".repeat(8) },
      ...{ startNanos: 1_700_000_000_000_250_000n, scope: "scope", resource: { "service.name": "test" } },
      attributes: { yes: true, id: -1 },
    },
    { name: "span 1" },
  ]);
  expect(spans.lost).toBe(0);
});

test("full batches go before the time, in order, over one connection", async () => {
  const collector = await startCollector();
  const spans = new SpanExport({ address: collector.address, source: SOURCE, report: reported([]) });
  for (const span of makeSpans(1500)) spans.add(span);
  await expect.poll(() => collector.spans.length).toBeGreaterThanOrEqual(1024);
  await spans.close();
  expect(collector.spans.map(({ name }) => name)).toEqual(makeSpans(1500).map(({ name }) => name));
});

test("what waits is bounded, and what is dropped is counted", () => {
  const spans = new SpanExport({ address: "127.0.0.1:1", source: SOURCE, report: reported([]) });
  // One batch is taken out at once, to be sent.
  for (const span of makeSpans(SPANS_WAITING_MAX + 512 + 7)) spans.add(span);
  expect(spans.lost).toBe(7);
  return spans.close();
});

test("a collector that refuses, or is not there, costs spans and one line", async () => {
  const collector = await startCollector();
  collector.status = "8";
  const lines: string[] = [];
  for (const address of [collector.address, "127.0.0.1:1"]) {
    const spans = new SpanExport({ address, source: SOURCE, report: reported(lines) });
    for (const span of makeSpans(600)) spans.add(span);
    await spans.close();
    expect(spans.lost).toBeGreaterThanOrEqual(512);
  }
  expect(lines).toEqual(["failed to export traces", "failed to export traces"]);
});
