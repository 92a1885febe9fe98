import { describe, expect, it } from "vitest";
import { matchesLease } from "./match.js";

const lease = {
  id: -1n,
  grantedSeconds: 60,
  leftSeconds: 30,
  seenAtMs: 0,
  keys: [new TextEncoder().encode("services/API/1")],
};

describe("a filter over leases", () => {
  it.each([
    ["", true],
    ["ffff", true],
    ["FFFF ", true],
    ["-1", true],
    ["api", true],
    ["db", false],
  ])("%j finds it: %s", (filter, found) => {
    expect(matchesLease(lease, filter)).toBe(found);
  });
});
