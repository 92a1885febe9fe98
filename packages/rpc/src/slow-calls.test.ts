import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { CallBase, UnaryCall } from "./grpc-call.js";
import { createGrpcServer } from "./server.js";
import { GrpcStatus } from "./status.js";
import { SlowCalls } from "./slow-calls.js";

const call = {} as CallBase;

beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] }));
afterEach(() => void vi.useRealTimers());

/** A clock that timers follow. */
class Clock {
  now = 1000;
  readonly nowMs = (): number => this.now;

  pass(ms: number): void {
    for (; ms > 0; ms--) {
      this.now += 1;
      vi.advanceTimersByTime(1);
    }
  }
}

describe("slow calls", () => {
  test("who lasts longer than the limit is told of, with its duration to a pulse", () => {
    const clock = new Clock();
    const told: unknown[] = [];
    const slow = new SlowCalls(
      { aboveMs: 100, onSlow: (_call, status, ms) => told.push([status, ms]) },
      clock.nowMs,
    );
    const start = slow.pulse;
    clock.pass(100);
    slow.ended(call, start, 0);
    expect(told).toEqual([]);
    clock.pass(60);
    slow.ended(call, start, GrpcStatus.unavailable);
    expect(told).toEqual([[GrpcStatus.unavailable, 125]]);
    slow.close();
  });

  test("a loop that stood still is made up for", () => {
    const clock = new Clock();
    const told: number[] = [];
    const slow = new SlowCalls({ aboveMs: 100, onSlow: (_call, _status, ms) => told.push(ms) }, clock.nowMs);
    const start = slow.pulse;
    clock.now += 1000;
    vi.advanceTimersByTime(25);
    slow.ended(call, start, 0);
    expect(told).toEqual([975]);
    slow.close();
  });

  test("without a limit no timer runs and nobody is slow", () => {
    const clock = new Clock();
    const slow = new SlowCalls(undefined, clock.nowMs);
    expect(vi.getTimerCount()).toBe(0);
    clock.pass(1000);
    slow.ended(call, slow.pulse, 0);
    expect(slow.pulse).toBe(0);
  });

  test("a server tells of slow calls and of the end of each call, and stops its pulse when it closes", () => {
    const clock = new Clock();
    const slow: string[] = [];
    const ended: string[] = [];
    const server = createGrpcServer({
      nowMs: clock.nowMs,
      slowCalls: { aboveMs: 100, onSlow: ({ path }, status) => slow.push(`${path} ${String(status)}`) },
      onCallEnded: ({ path }, status) => ended.push(`${path} ${String(status)}`),
    });
    const open: UnaryCall[] = [];
    server.addService("S", { Wait: { kind: "unary", handler: (each) => void open.push(each) } });
    for (let i = 0; i < 2; i++) {
      const caller = server.callLocally(
        { path: "/S/Wait", metadata: [], peer: "here", authority: "", timeoutMs: undefined },
        { onMessage: () => true, onEnd: () => undefined },
      );
      caller.send(new Uint8Array(0));
      caller.end();
    }
    open[0]?.reply(new Uint8Array(0));
    clock.pass(200);
    open[1]?.fail(GrpcStatus.internal, "no");
    expect(slow).toEqual([`/S/Wait ${String(GrpcStatus.internal)}`]);
    expect(ended).toEqual(["/S/Wait 0", `/S/Wait ${String(GrpcStatus.internal)}`]);
    server.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
