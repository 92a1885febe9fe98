import { expect, test } from "vitest";
import type { MemberFailure } from "../api/member-port.js";
import { QUEUE_LIMITS } from "./queue-limits.js";
import { WaitingProposals } from "./waiting-proposals.js";

test("what only a leader may propose leaves the queue when it leads no more; the rest keeps its order", () => {
  const proposals = new WaitingProposals(QUEUE_LIMITS);
  const failures: [number, MemberFailure][] = [];
  const add = (suffix: number, onlyAsLeader: boolean): void => {
    const waiter = {
      onlyAsLeader,
      onApplied: () => undefined,
      onFailed: (failure: MemberFailure) => void failures.push([suffix, failure]),
    };
    proposals.add(Uint8Array.of(suffix), suffix, { waiter, sinceMs: 0 });
  };
  add(1, true);
  proposals.proposed(proposals.nextBatch({ countMax: 10, bytesMax: 10 }));
  add(2, false);
  add(3, true);
  add(4, false);
  proposals.failLeaderOnly("leader-changed");
  expect(failures).toEqual([[3, "leader-changed"]]);
  expect(proposals.nextBatch({ countMax: 10, bytesMax: 10 })).toEqual([Uint8Array.of(2), Uint8Array.of(4)]);
  // What raft has taken may still be applied.
  expect(proposals.has(1)).toBe(true);
  expect(proposals.failedCount).toBe(1);
});
