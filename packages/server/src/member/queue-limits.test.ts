import { expect, test } from "vitest";
import type { MemberFailure } from "../api/member-port.js";
import { createFixture, proposePut, type Fixture } from "./testing/member-fixture.js";

function held(fixture: Fixture, wanted: string): number | undefined {
  return fixture.member.queueLevels().find(({ name }) => name === wanted)?.held;
}

test("without a leader so many proposals wait and no more (3), and the queue says so", async () => {
  const fixture = await createFixture(undefined, { limits: { queuedCountMax: 3 } });
  const puts = Array.from({ length: 5 }, (_, i) => proposePut(fixture, `k${i}`, "v"));
  expect(puts.map(({ failure }) => failure)).toEqual([
    ...[undefined, undefined, undefined],
    "too-many-requests",
    "too-many-requests",
  ]);
  expect(held(fixture, "queuedCountMax")).toBe(3);
});

test("without a leader so many bytes wait and no more", async () => {
  const fixture = await createFixture(undefined, { limits: { queuedBytesMax: 1000 } });
  const puts = Array.from({ length: 3 }, () => proposePut(fixture, "k", "v".repeat(400)));
  expect(puts.map(({ failure }) => failure)).toEqual([undefined, undefined, "too-many-requests"]);
  expect(held(fixture, "queuedBytesMax")).toBeLessThanOrEqual(1000);
});

test("so many clients wait for outcomes and no more (2), although raft has taken their proposals", async () => {
  const fixture = await createFixture(undefined, { limits: { proposersWaitingMax: 2 } });
  fixture.member.start(true);
  fixture.settle();
  const puts = ["a", "b", "c"].map((key) => proposePut(fixture, key, "v"));
  fixture.time.settle();
  expect([held(fixture, "queuedCountMax"), held(fixture, "proposersWaitingMax")]).toEqual([0, 2]);
  expect(puts[2]?.failure).toBe("too-many-requests");
  fixture.settle();
  expect(puts.slice(0, 2).map(({ outcome }) => outcome?.revision)).toEqual([2, 3]);
  expect(proposePut(fixture, "d", "v").failure).toBeUndefined();
});

test("so many readers wait for the next round and no more (2)", async () => {
  const fixture = await createFixture(undefined, { limits: { readersWaitingMax: 2 } });
  const failures: MemberFailure[] = [];
  for (let i = 0; i < 3; i++)
    fixture.member.awaitReadIndex({ onReady: () => undefined, onFailed: (why) => failures.push(why) });
  expect(failures).toEqual(["too-many-requests"]);
  expect(held(fixture, "readersWaitingMax")).toBe(2);
});

test("so many changes of the configuration are under way and no more (1)", async () => {
  const fixture = await createFixture(undefined, { limits: { confChangesWaitingMax: 1 } });
  const wish = { kind: "remove-node", nodeId: 7n, context: "" } as const;
  const first = fixture.member.proposeConfChange(wish);
  expect(await fixture.member.proposeConfChange(wish)).toBe("too-many-requests");
  expect(held(fixture, "confChangesWaitingMax")).toBe(1);
  fixture.member.stop();
  expect(await first).toBe("stopped");
});

test("a leader whose log is slow hands so many bytes to raft, and the others wait in front of it", async () => {
  const limits = { uncommittedBytesMax: 1000, ownBatch: { countMax: 1, bytesMax: 1000 } };
  const fixture = await createFixture(undefined, { limits });
  fixture.member.start(true);
  fixture.settle();
  const puts = Array.from({ length: 4 }, (_, i) => proposePut(fixture, `k${i}`, "v".repeat(400)));
  fixture.time.settle();
  const uncommitted = held(fixture, "uncommittedBytesMax");
  expect(uncommitted).toBeGreaterThan(800);
  expect(uncommitted).toBeLessThanOrEqual(1000);
  expect(held(fixture, "queuedCountMax")).toBe(2);
  fixture.settle();
  expect(puts.map(({ outcome }) => outcome?.revision)).toEqual([2, 3, 4, 5]);
  expect(held(fixture, "uncommittedBytesMax")).toBe(0);
});
