/** Linearizable reads, thesis section 6.4. Topics as upstream's ReadOnly tests. */
import { describe, expect, test } from "vitest";
import {
  type FixtureOptions,
  TestNetwork,
  createLeader,
  createRaft,
  ids,
  receive,
  settle,
  takeMessages,
  text,
} from "../testing/raft-fixture.js";
import { EntryType, createEntry, emptyBytes } from "../types/entry.js";
import { type Message, MessageType } from "../types/message.js";
import { applyConfChange } from "./configuration.js";
import type { Raft } from "./raft.js";
import { READS_WAITING_MAX, ReadOnly } from "./read-only.js";
import { ConfChangeTransition, ConfChangeType } from "../types/conf-change.js";

const readOf = (
  context: string,
): { type: typeof MessageType.MsgReadIndex; entries: [ReturnType<typeof createEntry>] } => ({
  type: MessageType.MsgReadIndex,
  entries: [createEntry(EntryType.EntryNormal, 0, 0, text(context))],
});

const heartbeats = (raft: Raft): Message[] =>
  takeMessages(raft).filter((message) => message.type === MessageType.MsgHeartbeat);

/** A leader of three whose term's first entry is committed. */
function createReady(options: FixtureOptions = {}): Raft {
  const fixture = createLeader(options);
  receive(fixture.raft, 2, {
    type: MessageType.MsgAppResp,
    term: fixture.raft.term,
    index: fixture.raft.log.lastIndex(),
  });
  settle(fixture);
  return fixture.raft;
}

describe("on a leader", () => {
  test("a read waits for a quorum of heartbeat answers", () => {
    const raft = createReady();
    receive(raft, 0, readOf("r1"));
    expect(raft.readStates).toEqual([]);
    const [beat] = heartbeats(raft);
    expect(beat?.context).toEqual(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0));
    receive(raft, 2, { type: MessageType.MsgHeartbeatResp, term: 1, context: beat?.context ?? emptyBytes });
    expect(raft.readStates).toEqual([{ index: 1, requestContext: text("r1") }]);
  });

  test("one answer confirms every read asked before its heartbeat left, and none after", () => {
    const raft = createReady();
    for (const name of ["r1", "r2", "r3"]) receive(raft, 0, readOf(name));
    const contexts = heartbeats(raft)
      .filter((message) => message.to === 2n)
      .map((message) => message.context);
    receive(raft, 2, { type: MessageType.MsgHeartbeatResp, term: 1, context: contexts[1] as Uint8Array });
    expect(raft.readStates.map((state) => state.requestContext)).toEqual([text("r1"), text("r2")]);
    // Once more, and late: nothing more is confirmed by it.
    receive(raft, 2, { type: MessageType.MsgHeartbeatResp, term: 1, context: contexts[1] as Uint8Array });
    receive(raft, 3, { type: MessageType.MsgHeartbeatResp, term: 1, context: contexts[0] as Uint8Array });
    expect(raft.readStates).toHaveLength(2);
    receive(raft, 3, { type: MessageType.MsgHeartbeatResp, term: 1, context: contexts[2] as Uint8Array });
    expect(raft.readStates).toHaveLength(3);
  });

  test("a learner's answer counts for nothing", () => {
    const raft = createReady({ voters: [1, 2], learners: [3] });
    receive(raft, 0, readOf("r1"));
    const [beat] = heartbeats(raft);
    receive(raft, 3, { type: MessageType.MsgHeartbeatResp, term: 1, context: beat?.context ?? emptyBytes });
    expect(raft.readStates).toEqual([]);
  });

  test("a read asked before the first commit of the term is answered after it, with that index", () => {
    const { raft } = createLeader({ terms: [1], term: 1, commit: 1 });
    receive(raft, 2, readOf("early"));
    expect(heartbeats(raft)).toEqual([]);
    receive(raft, 2, { type: MessageType.MsgAppResp, term: 2, index: 2 });
    const [beat] = heartbeats(raft);
    receive(raft, 3, { type: MessageType.MsgHeartbeatResp, term: 2, context: beat?.context ?? emptyBytes });
    const [answer] = takeMessages(raft).filter((message) => message.type === MessageType.MsgReadIndexResp);
    expect([answer?.to, answer?.index, answer?.entries[0]?.data]).toEqual([2n, 2, text("early")]);
  });

  test.each([{ learners: [] }, { learners: [2] }])(
    "a single voter is its own quorum (learners $learners)",
    ({ learners }) => {
      const fixture = createLeader({ voters: [1], learners });
      receive(fixture.raft, 0, readOf("r1"));
      expect(fixture.raft.readStates).toEqual([{ index: 1, requestContext: text("r1") }]);
      expect(heartbeats(fixture.raft)).toEqual([]);
    },
  );

  test("a restarted single voter answers nothing below what it has committed before", () => {
    // The commit index of a crash is not synced: storage knows 1, clients may know 2.
    const { raft, storage } = createRaft({ voters: [1], terms: [1, 1], term: 1, commit: 1 });
    receive(raft, 1, { type: MessageType.MsgHup });
    const vote = takeMessages(raft).find((message) => message.type === MessageType.MsgVoteResp);
    receive(raft, 1, vote as Message);
    receive(raft, 0, readOf("r1"));
    expect(raft.readStates).toEqual([]);
    settle({ raft, storage });
    expect(raft.readStates).toEqual([{ index: 3, requestContext: text("r1") }]);
  });

  test("reads that only the removed could have confirmed are answered when the others go", () => {
    const raft = createReady({ voters: [1, 2] });
    receive(raft, 0, readOf("r1"));
    expect(raft.readStates).toEqual([]);
    applyConfChange(raft, {
      transition: ConfChangeTransition.ConfChangeTransitionAuto,
      changes: [{ type: ConfChangeType.ConfChangeRemoveNode, nodeId: 2n }],
      context: emptyBytes,
    });
    expect(raft.readStates).toHaveLength(1);
  });

  test("a removed leader does not speak for the one voter left", () => {
    const raft = createReady({ voters: [1, 2] });
    applyConfChange(raft, {
      transition: ConfChangeTransition.ConfChangeTransitionAuto,
      changes: [{ type: ConfChangeType.ConfChangeRemoveNode, nodeId: 1n }],
      context: emptyBytes,
    });
    expect(raft.tracker.config.voters).toEqual(ids(2));
    receive(raft, 0, readOf("r1"));
    expect(raft.readStates).toEqual([]);
  });

  test("lease-based reads are answered at once", () => {
    const raft = createReady({ config: { readOnlyOption: "lease-based", checkQuorum: true } });
    receive(raft, 0, readOf("r1"));
    expect(raft.readStates).toHaveLength(1);
  });

  test("reads do not outlive the leadership they were asked in", () => {
    const raft = createReady();
    receive(raft, 0, readOf("r1"));
    receive(raft, 2, { type: MessageType.MsgHeartbeat, term: 2 });
    expect(raft.readOnly.waitingCount).toBe(0);
    expect(raft.parkedReads).toEqual([]);
  });
});

describe("on a follower", () => {
  test("a read travels to the leader and its answer back", () => {
    const network = new TestNetwork([createRaft(), createRaft({ id: 2 }), createRaft({ id: 3 })]);
    network.campaign(1);
    network.propose(1);
    network.send({ ...readOf("r1"), to: 3n });
    expect(network.raft(3).readStates).toEqual([{ index: 2, requestContext: text("r1") }]);
    expect(network.raft(1).readStates).toEqual([]);
  });

  test("without a leader a read is dropped, and a malformed answer ignored", () => {
    const { raft } = createRaft();
    receive(raft, 0, readOf("r1"));
    expect(takeMessages(raft)).toEqual([]);
    receive(raft, 2, { type: MessageType.MsgReadIndexResp, term: 0, index: 3 });
    expect(raft.readStates).toEqual([]);
  });

  test("the context of a heartbeat comes back byte for byte, whatever it is", () => {
    const { raft } = createRaft();
    const context = Uint8Array.of(9, 8, 7);
    receive(raft, 2, { type: MessageType.MsgHeartbeat, term: 1, context });
    expect(takeMessages(raft).map((message) => message.context)).toEqual([context]);
  });
});

describe("the queue of waiting reads", () => {
  const request = { ...readOf("x") } as unknown as Message;

  test("has a limit", () => {
    const queue = new ReadOnly();
    let added = 0;
    while (added < READS_WAITING_MAX && queue.add(1, request)) added++;
    expect(added).toBe(READS_WAITING_MAX);
    expect(queue.add(1, request)).toBe(false);
    expect(queue.waitingCount).toBe(READS_WAITING_MAX);
  });

  test("ignores contexts that are not its own", () => {
    const queue = new ReadOnly();
    queue.add(1, request);
    queue.acknowledge(2n, Uint8Array.of(1));
    queue.acknowledge(2n, Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0)); // never sent
    expect(queue.ackedIndex(2n)).toBeUndefined();
    queue.acknowledge(2n, queue.heartbeatContext());
    expect(queue.ackedIndex(2n)).toBe(1);
  });
});
