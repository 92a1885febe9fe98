/** Sums of permissions: against a check that looks at every grant, and at the edges. */
import { Prng } from "@quorate/std";
import { describe, expect, test } from "vitest";
import { KeyRanges } from "./key-ranges.js";
import type { Permission } from "./permission.js";
import { latin1, textOf } from "./testing/auth-bench.js";

const grant = (key: string, rangeEnd = ""): Permission => ({
  type: 0,
  key: latin1(key),
  rangeEnd: latin1(rangeEnd),
});

/** As a request lies in its buffer. */
function request(key: string, rangeEnd = ""): Parameters<KeyRanges["hasInterval"]>[0] {
  const buffer = latin1(`<${key}|${rangeEnd}>`);
  const keyEnd = 1 + key.length;
  return { buffer, keyStart: 1, keyEnd, endStart: keyEnd + 1, endEnd: buffer.length - 1 };
}

/** What a grant covers: from the first on, up to the second, which is excluded; undefined for no end. */
function span(key: string, rangeEnd: string): [string, string | undefined] {
  if (rangeEnd === "") return [key, `${key}\0`];
  return [key, rangeEnd === "\0" ? undefined : rangeEnd];
}

/** Every place where coverage could begin or end, between the bounds of the request, is in some grant. */
function naivelyCovers(grants: readonly Permission[], key: string, rangeEnd: string): boolean {
  const spans = grants.map((each) => span(textOf(each.key), textOf(each.rangeEnd)));
  const [from, to] = span(key, rangeEnd);
  const places = [from, ...spans.flat().filter((place) => place !== undefined)];
  const inside = places.filter((place) => place >= from && (to === undefined || place < to));
  const covered = (place: string): boolean =>
    spans.some(([start, end]) => place >= start && (end === undefined || place < end));
  const needsNoEnd = to === undefined;
  return inside.every(covered) && (!needsNoEnd || spans.some(([, end]) => end === undefined));
}

describe("against every grant looked at one by one", () => {
  const letters = ["a", "b", "\0", "\xff"];
  const randomKey = (prng: Prng): string =>
    Array.from({ length: 1 + prng.below(3) }, () => prng.pick(letters)).join("");

  const randomGrant = (prng: Prng): Permission => {
    const key = randomKey(prng);
    const kind = prng.below(5);
    if (kind === 0) return grant(key);
    if (kind === 1) return grant(key, "\0");
    const [from = "", to = ""] = [key, randomKey(prng)].sort();
    return from === to ? grant(from) : grant(from, to);
  };

  test.each(Array.from({ length: 40 }, (_, seed) => [seed]))("seed %d", (seed) => {
    const prng = new Prng(seed);
    for (let round = 0; round < 50; round++) {
      const grants = Array.from({ length: prng.below(7) }, () => randomGrant(prng));
      const ranges = KeyRanges.of(grants);
      for (let i = 0; i < 40; i++) {
        const { key, rangeEnd } = randomGrant(prng);
        const [from, to] = [textOf(key), textOf(rangeEnd)];
        const expected = naivelyCovers(grants, from, to);
        expect({ from, to, covered: ranges.hasInterval(request(from, to)) }).toEqual({
          from,
          to,
          covered: expected,
        });
        expect(ranges.hasKey(request(from))).toBe(naivelyCovers(grants, from, ""));
      }
    }
  });
});

describe("edges", () => {
  test("rule 38: a prefix ends where it ends, a range without end holds all that follows", () => {
    const prefix = KeyRanges.of([grant("/p/", "/p0")]);
    expect([prefix.hasKey(request("/p/a")), prefix.hasKey(request("/p0"))]).toEqual([true, false]);
    const open = KeyRanges.of([grant("z", "\0")]);
    expect(["zz", "\xff", "y"].map((key) => open.hasKey(request(key)))).toEqual([true, true, false]);
  });

  test("grants that touch are one; a hole of one key is a hole", () => {
    expect(KeyRanges.of([grant("a", "c"), grant("c", "e")]).hasInterval(request("a", "e"))).toBe(true);
    expect(
      KeyRanges.of([grant("a", "c"), grant("c"), grant("c\0", "e")]).hasInterval(request("a", "e")),
    ).toBe(true);
    expect(KeyRanges.of([grant("a", "c"), grant("c\0", "e")]).hasInterval(request("a", "e"))).toBe(false);
  });

  test("what asks for no end needs a grant without end", () => {
    expect(KeyRanges.of([grant("a", "\xff\xff")]).hasInterval(request("a", "\0"))).toBe(false);
    expect(KeyRanges.of([grant("a", "b"), grant("b", "\0")]).hasInterval(request("a", "\0"))).toBe(true);
    expect(KeyRanges.of([grant("a")]).hasInterval(request("a", "\0"))).toBe(false);
  });

  test("grants that name no keys permit none", () => {
    const ranges = KeyRanges.of([grant("b", "a"), grant("b", "b"), grant("", "\0")]);
    expect(["a", "b", "c"].some((key) => ranges.hasKey(request(key)))).toBe(false);
  });

  test("where the interval around a key ends", () => {
    const ranges = KeyRanges.of([grant("a", "c"), grant("x", "\0")]);
    expect(ranges.endAround(latin1("b"))).toEqual(latin1("c"));
    expect(ranges.endAround(latin1("c"))).toBeUndefined();
    expect(ranges.endAround(latin1("z"))).toBeNull();
  });
});
