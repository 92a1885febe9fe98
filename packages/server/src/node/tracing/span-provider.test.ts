import { ROOT_CONTEXT, SpanKind, trace, TraceFlags, type Context } from "@opentelemetry/api";
import { describe, expect, test } from "vitest";
import { EVENTS_MAX, type RecordedSpan } from "./recorded-span.js";
import { SpanProvider } from "./span-provider.js";
import { parseTraceParent } from "./trace-parent.js";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

/** Ids count up, so that a share of them is known; `high` is what the deciding half begins with. */
function setUp(samplesPerMillion: number, high = "00000000") {
  const ended: RecordedSpan[] = [];
  let count = 0;
  let nowMs = 1_700_000_000_000;
  const tracer = new SpanProvider({
    samplesPerMillion,
    recorder: { unixMs: () => (nowMs += 0.25), ended: (span) => void ended.push(span) },
    randomHex: (bytes) => {
      const low = String((count += 1));
      return bytes === 16 ? `${"1".repeat(16)}${high}${low.padStart(8, "0")}` : low.padStart(16, "0");
    },
  }).getTracer();
  return { tracer, ended };
}

function remote(flags: string): Context {
  const parent = parseTraceParent(`00-${TRACE}-${SPAN}-${flags}`);
  if (parent === undefined) throw new Error("no parent");
  return trace.setSpanContext(ROOT_CONTEXT, parent);
}

describe("which traces are kept", () => {
  test("of those that begin here a share, by the same half of the id that others look at", () => {
    const isKept = (rate: number, high: string): boolean =>
      setUp(rate, high).tracer.startSpan("a").isRecording();
    expect([isKept(0, "00000000"), isKept(1_000_000, "ffffffff")]).toEqual([false, true]);
    expect([isKept(500_000, "7fffffff"), isKept(500_000, "80000000")]).toEqual([true, false]);
  });

  test("of others' those that they keep, whatever the share", () => {
    const never = setUp(0).tracer.startSpan("a", {}, remote("01"));
    const always = setUp(1_000_000).tracer.startSpan("a", {}, remote("00"));
    expect([never.isRecording(), always.isRecording()]).toEqual([true, false]);
    expect(never.spanContext()).toMatchObject({ traceId: TRACE, traceFlags: TraceFlags.SAMPLED });
    // What is not kept hands its caller's trace on as it is.
    expect(always.spanContext()).toMatchObject({ traceId: TRACE, spanId: SPAN, traceFlags: 0 });
  });

  test("children go with their parents, kept or not", () => {
    for (const rate of [0, 1_000_000]) {
      const { tracer } = setUp(rate);
      const parent = tracer.startSpan("parent");
      const child = tracer.startSpan("child", {}, trace.setSpan(ROOT_CONTEXT, parent));
      expect(child.isRecording()).toBe(rate > 0);
    }
  });
});

test("a span tells its trace, its parent, its times and what was said of it, once", () => {
  const { tracer, ended } = setUp(1_000_000);
  const span = tracer.startSpan("put", { kind: SpanKind.SERVER, attributes: { a: 1 } }, remote("01"));
  span.setAttribute("b", "two").addEvent("proposed").setStatus({ code: 2, message: "no" });
  span.end();
  span.end();
  span.setAttribute("late", true).addEvent("late").updateName("late");
  expect(ended).toHaveLength(1);
  const [recorded] = ended;
  expect(recorded?.start).toMatchObject({ parentSpanId: SPAN, kind: SpanKind.SERVER });
  expect(recorded?.start.context.traceId).toBe(TRACE);
  expect(recorded).toMatchObject({
    name: "put",
    attributes: { a: 1, b: "two" },
    status: { code: 2, message: "no" },
  });
  expect(recorded?.events).toMatchObject([{ name: "proposed", unixMs: 1_700_000_000_000.5 }]);
  expect(recorded?.endUnixMs).toBe(1_700_000_000_000.75);
});

test("a span has so many events and counts those beyond", () => {
  const { tracer, ended } = setUp(1_000_000);
  const span = tracer.startSpan("busy");
  for (let i = 0; i < EVENTS_MAX + 3; i++) span.addEvent("again");
  span.end();
  expect([ended[0]?.events.length, ended[0]?.droppedEvents]).toEqual([EVENTS_MAX, 3]);
});

describe("traceparent", () => {
  test("names the trace and says whether it is kept", () => {
    expect(parseTraceParent(`00-${TRACE}-${SPAN}-01`)).toEqual({
      traceId: TRACE,
      spanId: SPAN,
      traceFlags: 1,
      isRemote: true,
    });
    expect(parseTraceParent(`00-${TRACE}-${SPAN}-02`)?.traceFlags).toBe(0);
    // A later version may say more.
    expect(parseTraceParent(`01-${TRACE}-${SPAN}-03-more`)?.traceFlags).toBe(1);
  });

  test.each([
    undefined,
    "",
    "garbage",
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
  ])("%s is no trace", (text) => {
    expect(parseTraceParent(text)).toBeUndefined();
  });
});
