import { consolepb, create } from "@quorate/proto";
import { expect, test } from "vitest";
import { ringState } from "./quorum-ring.js";

function overview(
  members: { up: boolean; learner?: boolean }[],
  hasQuorum = true,
): consolepb.GetOverviewResponse {
  return create(consolepb.GetOverviewResponseSchema, {
    leaderId: 1n,
    hasQuorum,
    members: members.map(({ up, learner = false }, at) => ({
      member: { ID: BigInt(at + 1), name: `m${at + 1}`, isLearner: learner },
      ...(up ? { status: {} } : {}),
    })),
  });
}

test("one segment per voter; learners do not count", () => {
  const ring = ringState({
    state: "live",
    overview: overview([{ up: true }, { up: false }, { up: true }, { up: true, learner: true }]),
  });
  expect(ring.segments.map(({ state }) => state)).toEqual(["leader", "down", "up"]);
  expect(ring.label).toBe("2 of 3 members answer, quorum holds");
});

test("a lost quorum, a lost connection and a single member have words of their own", () => {
  const lost = ringState({
    state: "live",
    overview: overview([{ up: true }, { up: false }, { up: false }], false),
  });
  expect([lost.quorum, lost.label]).toEqual(["no", "1 of 3 members answer, no quorum"]);
  const stale = ringState({ state: "stale", overview: overview([{ up: true }]) });
  expect([stale.quorum, stale.segments[0]?.state, stale.label]).toEqual([
    "unknown",
    "down",
    "Connection lost; last known state",
  ]);
  expect(ringState({ state: "live", overview: overview([{ up: true }]) }).label).toBe(
    "The only member answers, quorum holds",
  );
  expect(ringState({ state: "connecting" }).segments).toEqual([]);
});
