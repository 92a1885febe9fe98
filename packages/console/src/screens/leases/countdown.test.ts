import { create, etcdserverpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { countDown, describeLeft, formatLeft, viewLease } from "./countdown.js";

const at = 1_000_000;
const lease = { grantedSeconds: 60, leftSeconds: 40, seenAtMs: at };

describe("countdown of a lease", () => {
  it.each([
    [0, "steady", 40],
    [10_000, "steady", 30],
    [28_000, "steady", 12],
    [28_500, "ending", 11.5],
    [39_900, "ending", 0.1],
    [40_000, "due", 0],
    [90_000, "due", 0],
  ])("%i ms later it is %s with %d s left", (laterMs, phase, left) => {
    const result = countDown(lease, at + laterMs);
    expect(result.phase).toBe(phase);
    expect(result.leftSeconds).toBeCloseTo(left, 6);
  });

  it("never shows more than was left when the clock is set back", () => {
    expect(countDown(lease, at - 5_000).leftSeconds).toBe(40);
  });

  it("of a short lease ends by seconds, not by share", () => {
    expect(countDown({ grantedSeconds: 5, leftSeconds: 2, seenAtMs: at }, at).phase).toBe("ending");
  });

  it("of a lease that the server says is gone does not come back", () => {
    const gone = viewLease(create(etcdserverpb.LeaseTimeToLiveResponseSchema, { ID: 7n, TTL: -1n }), at);
    expect(countDown(gone, at)).toEqual({ phase: "gone", leftSeconds: 0, fraction: 0 });
  });

  it("fills the whole bar when more is left than was granted (a granted TTL that is not told)", () => {
    expect(countDown({ grantedSeconds: 0, leftSeconds: 30, seenAtMs: at }, at).fraction).toBe(1);
  });

  it.each([
    [0, "0 s"],
    [0.2, "1 s"],
    [59.5, "1 min"],
    [61, "1 min 1 s"],
    [3600, "1 h"],
    [3725, "1 h 2 min"],
    [90_000, "1 d 1 h"],
  ])("%d seconds read as %s", (seconds, text) => {
    expect(formatLeft(seconds)).toBe(text);
  });

  it("is spoken in words", () => {
    expect(describeLeft(countDown(lease, at))).toBe("40 s left");
    expect(describeLeft(countDown(lease, at + 60_000))).toContain("time is up");
    expect(describeLeft({ phase: "gone", leftSeconds: 0, fraction: 0 })).toBe("expired");
  });
});
