import { expect, test } from "vitest";
import { checkLeases } from "./check-leases.js";
import type { LeaseHistory, LeaseOperation } from "./lease-history.js";

const RULES = { clockErrorMax: 0.1, terms: [{ atMs: 0, term: 2 }] };
const at = (startMs: number): { startMs: number; endMs: number } => ({ startMs, endMs: startMs + 10 });

function check(...operations: LeaseOperation[]): string[] {
  const history: LeaseHistory = { lease: "a", grant: { ...at(0), ttlMs: 4000 }, operations };
  return checkLeases([history], RULES);
}

const attach: LeaseOperation = { kind: "attach", key: "k", outcome: "ok", ...at(20) };
const timeToLive = (atMs: number, remainingMs: number | undefined, term = 2): LeaseOperation => ({
  kind: "time-to-live",
  remainingMs,
  term,
  keys: [],
  ...at(atMs),
});
const read = (atMs: number, ...present: string[]): LeaseOperation => ({ kind: "read", present, ...at(atMs) });
const renew = (atMs: number, ttlMs: number): LeaseOperation => ({ kind: "renew", ttlMs, ...at(atMs) });
const revoke = (atMs: number, outcome: "ok" | "unknown" = "ok"): LeaseOperation => ({
  kind: "revoke",
  outcome,
  ...at(atMs),
});

test("a lease that is renewed, looked at and revoked", () => {
  const operations = [
    attach,
    timeToLive(1000, 3000),
    renew(2000, 4000),
    timeToLive(3000, 3000),
    read(5000, "k"),
  ];
  expect(check(...operations, revoke(5100), read(5200), renew(5300, 0), timeToLive(5400, undefined))).toEqual(
    [],
  );
});

test("one that runs out in its time", () => {
  expect(check(attach, read(4200), renew(4300, 0))).toEqual([]);
});

test.each([
  ["a key that goes too early", [attach, read(3000)], /lost the key k, though it was promised/],
  [
    "a renewal that is refused too early",
    [renew(3000, 4000), renew(5000, 0)],
    /was not renewed, though it was promised/,
  ],
  [
    "a key that stays after the revocation",
    [attach, revoke(100), read(200, "k")],
    /still had the key k, after it was revoked/,
  ],
  ["a renewal after the revocation", [revoke(100), renew(200, 4000)], /was renewed, after it was revoked/],
  [
    "a new key after the revocation",
    [revoke(100), { ...attach, ...at(200) }],
    /took the key k, after it was revoked/,
  ],
  [
    "time to live after the revocation",
    [revoke(100), timeToLive(200, 3000)],
    /to live, after it was revoked/,
  ],
  [
    "one that comes back after it was gone",
    [read(4200, "k"), renew(9000, 0), renew(9100, 4000)],
    /was renewed, after it was not/,
  ],
  [
    "time to live that grows",
    [timeToLive(1000, 2000), timeToLive(2000, 3000)],
    /had 3000 ms to live, after 2000/,
  ],
  [
    "half of its keys gone",
    [attach, { ...attach, key: "l", ...at(40) }, read(5000, "k")],
    /lost l and kept k/,
  ],
] as const)("%s", (_, operations, expected) => {
  expect(check(...operations)[0]).toMatch(expected);
});

test("a revocation without an answer may come at any time, or not at all", () => {
  expect(check(attach, revoke(100, "unknown"), read(200, "k"))).toEqual([]);
  expect(check(attach, revoke(100, "unknown"), read(200))).toEqual([]);
});

test("another leader begins the time anew", () => {
  expect(check(timeToLive(1000, 2000, 2), timeToLive(2000, 4000, 3))).toEqual([]);
  const history: LeaseHistory = {
    lease: "a",
    grant: { ...at(0), ttlMs: 4000 },
    operations: [timeToLive(1000, 2000), timeToLive(2000, 4000)],
  };
  expect(checkLeases([history], { clockErrorMax: 0.1, terms: [{ atMs: 4000, term: 3 }] })).toEqual([]);
});
