/** Situations of applying that are easy to get wrong, seen from the driver. The list is docs/reference/situations.md. */
import { ClusterRecord, formatMember, MemoryEngine, Store } from "@quorate/machine";
import { ConfChangeType, createEntry, encodeConfChange, MemoryLogStorage, RawNode } from "@quorate/raft";
import { expect, test, vi } from "vitest";
import { createEntryApplier } from "./entry-applier.js";
import { memberOf } from "./testing/cluster-fixture.js";

const IDS = [1n, 2n];
const confState = { voters: IDS, learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
const { ConfChangeAddNode, ConfChangeRemoveNode, ConfChangeUpdateNode } = ConfChangeType;

test.each([
  ["adds who is there already", ConfChangeAddNode, 2n, formatMember(memberOf(2n)), "member-exists"],
  ["removes a stranger", ConfChangeRemoveNode, 9n, "", "member-not-found"],
  ["updates a stranger", ConfChangeUpdateNode, 9n, formatMember(memberOf(9n)), "member-not-found"],
  [
    "promotes who is no learner",
    ConfChangeAddNode,
    2n,
    formatMember({ ...memberOf(2n), isPromote: true }),
    "member-not-learner",
  ],
] as const)("a change that %s is refused, and raft hears of it as a change of no node", async (...row) => {
  const [, type, nodeId, context, refusal] = row;
  const cluster = new ClusterRecord(1);
  const store = await Store.open(new MemoryEngine(), { yieldTurn: () => Promise.resolve() });
  for (const id of IDS) {
    cluster.change({ kind: "add", member: { ...memberOf(id), isPromote: false } }, () => undefined);
  }
  const storage = new MemoryLogStorage();
  storage.setConfState(confState);
  const random = (): number => 0;
  const limits = { maxSizePerMsg: 1024, maxInflightMsgs: 16, electionTick: 10, heartbeatTick: 1 };
  const node = new RawNode({ id: 1n, storage, random, ...limits });
  const told = vi.spyOn(node, "applyConfChange");
  const warnings: string[] = [];
  const changed = vi.fn();
  const applier = createEntryApplier({
    requests: { apply: () => Promise.reject(new Error("not a request")) },
    store,
    cluster,
    report: { info: () => undefined, warn: (message) => void warnings.push(message) },
    onEntry: () => undefined,
    onMembership: changed,
  });

  const { type: entryType, data } = encodeConfChange({
    id: 77n,
    type,
    nodeId,
    context: Buffer.from(context),
  });
  const answer = applier.applyConfChange(createEntry(entryType, 1, 5, data), node);

  expect(answer).toEqual({ id: 77n, refusal });
  expect(told).toHaveBeenCalledTimes(1);
  expect(told.mock.calls[0]?.[0]).toMatchObject({ type, nodeId: 0n });
  expect(node.status().confState.voters).toEqual(IDS);
  // The entry counts as applied; nothing but the configuration, unchanged, went with it.
  expect([store.consistentIndex, cluster.confState?.voters]).toEqual([5, IDS]);
  expect(cluster.membership.list().map(({ id }) => id)).toEqual(IDS);
  expect([warnings, changed.mock.calls]).toEqual([["refused a configuration change"], []]);
});
