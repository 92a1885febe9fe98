import { describe, expect, it } from "vitest";
import { parseTtl, TTL_SECONDS_MAX } from "./ttl-text.js";

describe("a TTL that was typed", () => {
  it.each([
    ["30", 30],
    [" 45s ", 45],
    ["5m", 300],
    ["1h 30m", 5400],
    ["1H30M", 5400],
    ["2d", 172_800],
    [String(TTL_SECONDS_MAX), TTL_SECONDS_MAX],
  ])("%j is %i seconds", (text, seconds) => {
    expect(parseTtl(text)).toEqual({ seconds });
  });

  it.each(["", "0", "0s", "abc", "-5", "1.5h", "5 weeks", String(TTL_SECONDS_MAX + 1)])(
    "%j is refused in words",
    (text) => {
      const result = parseTtl(text);
      expect("problem" in result && result.problem.length > 10).toBe(true);
    },
  );
});
