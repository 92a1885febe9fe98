/**
 * Situations that are easy to get wrong: replication, configurations and transfers. Those of elections stand in
 * election-situations.test.ts beside; docs/reference/situations.md lists them all, also the ones other tests cover.
 */
import { describe, expect, test } from "vitest";
import {
  type Fixture,
  createLeader,
  createRaft,
  elect,
  entriesOf,
  ids,
  logTerms,
  progressOf,
  receive,
  settle,
  takeMessages,
  text,
} from "../testing/raft-fixture.js";
import { ConfChangeTransition, ConfChangeType } from "../types/conf-change.js";
import { EntryType, createEntry, emptyBytes } from "../types/entry.js";
import { type Message, MessageType } from "../types/message.js";
import { StateRole } from "../types/ready.js";
import { applyConfChange } from "./configuration.js";
import { checkQuorum } from "./leader.js";
import { proposeAsLeader } from "./proposal.js";
import type { Raft } from "./raft.js";
import { tick } from "./tick.js";

const propose = (raft: Raft, bytes: number): string =>
  proposeAsLeader(raft, [createEntry(EntryType.EntryNormal, 0, 0, new Uint8Array(bytes))]);

const proposeChange = (raft: Raft): string =>
  proposeAsLeader(raft, [createEntry(EntryType.EntryConfChangeV2, 0, 0, Uint8Array.of(18, 2, 16, 9))]);

const acknowledge = (raft: Raft, from: number, index: number): void =>
  receive(raft, from, { type: MessageType.MsgAppResp, term: raft.term, index });

function change(raft: Raft, type: ConfChangeType, nodeId: number): void {
  applyConfChange(raft, {
    transition: ConfChangeTransition.ConfChangeTransitionAuto,
    changes: [{ type, nodeId: BigInt(nodeId) }],
    context: emptyBytes,
  });
}

const sentTo = (raft: Raft, to: number): Message[] =>
  takeMessages(raft).filter((message) => message.to === BigInt(to));

describe("a new leader", () => {
  test("appends an empty entry at once, and no quota counts it", () => {
    const fixture = createRaft({ terms: [1], term: 1, config: { maxUncommittedEntriesSize: 1 } });
    const { raft } = fixture;
    elect(fixture);
    const [first] = raft.log.unstable.nextEntries();
    expect([first?.type, first?.term, first?.index]).toEqual([EntryType.EntryNormal, 2, 2]);
    expect([first?.data.length, raft.uncommittedBytes]).toEqual([0, 0]);
    // With the quota still whole, whatever is proposed first passes.
    expect(propose(raft, 100)).toBe("accepted");
    expect(propose(raft, 1)).toBe("proposal-dropped");
  });

  test("takes no conf change before it has applied all that its predecessors left in the log", () => {
    const fixture = createRaft({ terms: [1, 1], term: 1, commit: 1 });
    const { raft } = fixture;
    elect(fixture);
    expect(raft.pendingConfIndex).toBe(2);
    settle(fixture);
    expect(proposeChange(raft)).toBe("accepted");
    expect(raft.log.entriesFrom(4, Infinity)).toMatchObject([{ type: EntryType.EntryNormal, index: 4 }]);
    acknowledge(raft, 2, 4);
    settle(fixture);
    expect(raft.log.applied).toBe(4);
    proposeChange(raft);
    expect(raft.log.entriesFrom(5, Infinity)).toMatchObject([
      { type: EntryType.EntryConfChangeV2, index: 5 },
    ]);
  });
});

describe("commit indexes", () => {
  test("a heartbeat to a follower that lags carries what it has, not the commit index", () => {
    const fixture = createLeader({ terms: [1, 1, 1], term: 1 });
    const { raft } = fixture;
    acknowledge(raft, 2, 4);
    acknowledge(raft, 3, 2);
    settle(fixture);
    expect(raft.log.committed).toBe(4);
    tick(raft);
    const beats = takeMessages(raft).filter((message) => message.type === MessageType.MsgHeartbeat);
    expect(beats.map((message) => [message.to, message.commit])).toEqual([
      [2n, 4],
      [3n, 2],
    ]);
  });

  test("an append with a lower commit index leaves the own one as it is", () => {
    const { raft } = createRaft({ terms: [1, 1, 1], term: 1, commit: 2 });
    receive(raft, 2, { type: MessageType.MsgApp, term: 1, index: 3, logTerm: 1, commit: 1 });
    expect(raft.log.committed).toBe(2);
    expect(takeMessages(raft)).toMatchObject([{ reject: false, index: 3 }]);
  });
});

describe("appends at a follower", () => {
  test("what is there already is acknowledged up to where the append goes, and nothing behind it is cut", () => {
    const { raft } = createRaft({ terms: [1, 1, 1, 1, 1], term: 1 });
    const entries = entriesOf([1, 1], 2);
    receive(raft, 2, { type: MessageType.MsgApp, term: 1, index: 1, logTerm: 1, entries });
    expect(takeMessages(raft)).toMatchObject([{ reject: false, index: 3 }]);
    expect(raft.log.lastIndex()).toBe(5);
    expect(raft.log.unstable.nextEntries()).toEqual([]);
  });

  test("one that starts before the commit index is answered with the commit index, whatever is in it", () => {
    const { raft } = createRaft({ terms: [1, 1, 1, 1], term: 2, commit: 3 });
    const entries = entriesOf([2, 2, 2, 2], 2);
    receive(raft, 2, { type: MessageType.MsgApp, term: 2, index: 1, logTerm: 2, entries, commit: 5 });
    expect(takeMessages(raft)).toMatchObject([{ type: MessageType.MsgAppResp, reject: false, index: 3 }]);
    expect([logTerms(raft), raft.log.committed]).toEqual([[1, 1, 1, 1], 3]);
  });
});

describe("sending", () => {
  test("the rejection of what a probe sent ends its silence, an old rejection does not", () => {
    const { raft } = createLeader({ terms: [1, 1], term: 1 });
    const progress = progressOf(raft, 2);
    expect([progress.state, progress.next, progress.paused]).toEqual(["StateProbe", 3, true]);
    receive(raft, 2, { type: MessageType.MsgAppResp, term: 2, index: 1, reject: true, rejectHint: 0 });
    expect([progress.next, progress.paused, sentTo(raft, 2)]).toEqual([3, true, []]);
    receive(raft, 2, { type: MessageType.MsgAppResp, term: 2, index: 2, reject: true, rejectHint: 0 });
    expect([progress.next, progress.paused]).toEqual([1, true]);
    expect(sentTo(raft, 2)).toMatchObject([
      { type: MessageType.MsgApp, index: 0, entries: entriesOf([1, 1, 2]) },
    ]);
  });

  test("a snapshot is over for a follower that acknowledges what our log can continue, even if less than was sent", () => {
    const fixture = createLeader({ terms: [1, 1, 1, 1, 1], term: 1 });
    const { raft, storage } = fixture;
    acknowledge(raft, 3, 6);
    settle(fixture);
    storage.createSnapshot(6, null, text("state"));
    storage.compact(4);
    const progress = progressOf(raft, 2);
    progress.becomeSnapshot(6);
    acknowledge(raft, 2, 3);
    expect(progress.state).toBe("StateSnapshot"); // entry 4 is gone, it could not go on from here
    acknowledge(raft, 2, 4);
    expect([progress.state, progress.match, progress.pendingSnapshot]).toEqual(["StateReplicate", 4, 0]);
    expect(sentTo(raft, 2)).toMatchObject([{ type: MessageType.MsgApp, index: 4 }]);
  });
});

describe("configurations", () => {
  test("what only a learner has acknowledged is not committed", () => {
    const fixture = createLeader({ voters: [1, 2], learners: [3] });
    acknowledge(fixture.raft, 3, 1);
    expect(fixture.raft.log.committed).toBe(0);
    acknowledge(fixture.raft, 2, 1);
    expect(fixture.raft.log.committed).toBe(1);
  });

  test("a voter that was just added counts as heard of, so that the next quorum check passes", () => {
    const { raft } = createLeader({ voters: [1], config: { checkQuorum: true } });
    change(raft, ConfChangeType.ConfChangeAddNode, 2);
    expect(progressOf(raft, 2).recentActive).toBe(true);
    checkQuorum(raft);
    expect(raft.role).toBe(StateRole.StateLeader);
    checkQuorum(raft);
    expect(raft.role).toBe(StateRole.StateFollower);
  });

  test("a leader that was removed leads on, commits by the others, and takes nothing new", () => {
    const fixture = createLeader();
    const { raft } = fixture;
    acknowledge(raft, 2, 1);
    settle(fixture);
    propose(raft, 1);
    change(raft, ConfChangeType.ConfChangeRemoveNode, 1);
    settle(fixture);
    expect(raft.role).toBe(StateRole.StateLeader);
    acknowledge(raft, 2, 2);
    expect(raft.log.committed).toBe(1); // itself and 2 were a majority of three; of two others it takes both
    acknowledge(raft, 3, 2);
    expect(raft.log.committed).toBe(2);
    expect(propose(raft, 1)).toBe("proposal-dropped");
  });

  function enterJoint(fixture: Fixture): void {
    applyConfChange(fixture.raft, {
      transition: ConfChangeTransition.ConfChangeTransitionJointExplicit,
      changes: [
        { type: ConfChangeType.ConfChangeAddLearnerNode, nodeId: 3n },
        { type: ConfChangeType.ConfChangeAddNode, nodeId: 4n },
        { type: ConfChangeType.ConfChangeAddNode, nodeId: 5n },
      ],
      context: emptyBytes,
    });
    settle(fixture);
  }

  test("in a joint configuration it takes a majority of the old voters and one of the new to commit", () => {
    const fixture = createLeader();
    const { raft } = fixture;
    enterJoint(fixture); // 1, 2, 3 become 1, 2, 4, 5
    expect(raft.tracker.config).toMatchObject({ learners: [], learnersNext: ids(3) });
    acknowledge(raft, 3, 1); // a majority of the old with 1, none of the new
    expect(raft.log.committed).toBe(0);
    acknowledge(raft, 4, 1);
    expect(raft.log.committed).toBe(0);
    acknowledge(raft, 5, 1);
    expect(raft.log.committed).toBe(1);
    applyConfChange(raft, {
      transition: ConfChangeTransition.ConfChangeTransitionAuto,
      changes: [],
      context: emptyBytes,
    });
    expect(raft.tracker.config).toMatchObject({
      voters: ids(1, 2, 4, 5),
      learners: ids(3),
      learnersNext: [],
    });
  });

  test("in a joint configuration it takes both majorities to be elected", () => {
    const fixture = createRaft();
    const { raft } = fixture;
    enterJoint(fixture);
    receive(raft, 1, { type: MessageType.MsgHup });
    settle(fixture); // its own vote
    const vote = (from: number): void => receive(raft, from, { type: MessageType.MsgVoteResp, term: 1 });
    for (const from of [4, 5]) vote(from);
    expect(raft.role).toBe(StateRole.StateCandidate);
    vote(3); // the next learner is a voter of the old half until that is left
    expect(raft.role).toBe(StateRole.StateLeader);
  });
});

describe("a transfer", () => {
  test("ends when its target is removed", () => {
    const { raft } = createLeader();
    receive(raft, 3, { type: MessageType.MsgTransferLeader });
    expect(propose(raft, 1)).toBe("proposal-dropped");
    change(raft, ConfChangeType.ConfChangeRemoveNode, 3);
    expect([raft.leadTransferee, propose(raft, 1)]).toEqual([0n, "accepted"]);
  });

  test("ends when the leader steps down", () => {
    const { raft } = createLeader();
    receive(raft, 3, { type: MessageType.MsgTransferLeader });
    receive(raft, 2, { type: MessageType.MsgHeartbeat, term: 2 });
    expect([raft.role, raft.leadTransferee]).toEqual([StateRole.StateFollower, 0n]);
  });
});

test("the same read asked twice: an answer to the first heartbeat confirms the first only", () => {
  const fixture = createLeader();
  const { raft } = fixture;
  acknowledge(raft, 2, 1);
  settle(fixture);
  const entries = [createEntry(EntryType.EntryNormal, 0, 0, text("same id"))];
  const ask = (): Uint8Array => {
    receive(raft, 1, { type: MessageType.MsgReadIndex, entries });
    return sentTo(raft, 2).at(-1)?.context ?? emptyBytes;
  };
  const first = ask();
  propose(raft, 1);
  settle(fixture);
  acknowledge(raft, 2, 2);
  takeMessages(raft);
  const second = ask();
  receive(raft, 2, { type: MessageType.MsgHeartbeatResp, term: 1, context: first });
  receive(raft, 3, { type: MessageType.MsgHeartbeatResp, term: 1, context: first });
  expect(raft.readStates).toEqual([{ index: 1, requestContext: text("same id") }]);
  receive(raft, 3, { type: MessageType.MsgHeartbeatResp, term: 1, context: second });
  expect(raft.readStates.map((state) => state.index)).toEqual([1, 2]);
});
