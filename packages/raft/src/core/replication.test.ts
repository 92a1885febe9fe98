/** Replication in numbers: the tables of upstream's raft_test.go, raft_snap_test.go and raft_flow_control_test.go. */
import { describe, expect, test } from "vitest";
import {
  type Fixture,
  TestNetwork,
  createLeader,
  createRaft,
  elect,
  entriesOf,
  ids,
  progressOf,
  receive,
  settle,
  takeMessages,
  text,
} from "../testing/raft-fixture.js";
import type { Progress } from "../tracker/progress.js";
import { EntryType, createEntry, emptyBytes } from "../types/entry.js";
import { type Message, MessageType } from "../types/message.js";
import { StateRole } from "../types/ready.js";
import type { Snapshot } from "../types/snapshot.js";
import { proposeAsLeader } from "./proposal.js";
import type { Raft } from "./raft.js";
import { becomeFollower } from "./role.js";
import { tick } from "./tick.js";

function propose(raft: Raft, ...sizes: readonly number[]): string {
  return proposeAsLeader(
    raft,
    sizes.map((size) => createEntry(EntryType.EntryNormal, 0, 0, new Uint8Array(size))),
  );
}

const appends = (messages: readonly Message[]): Message[] =>
  messages.filter((message) => message.type === MessageType.MsgApp);

describe("MsgApp at a follower of term 2 with log 1,2", () => {
  test.each([
    // term, prev index/term, appended [index, term], commit -> last index, commit index, rejected
    [2, [2, 3], [], 3, 2, 0, true],
    [2, [3, 3], [], 3, 2, 0, true],
    [2, [1, 1], [], 1, 2, 1, false],
    [2, [0, 0], [[1, 2]], 1, 1, 1, false],
    [
      2,
      [2, 2],
      [
        [3, 2],
        [4, 2],
      ],
      3,
      4,
      3,
      false,
    ],
    [2, [2, 2], [[3, 2]], 4, 3, 3, false],
    [2, [1, 1], [[2, 2]], 4, 2, 2, false],
    [1, [1, 1], [], 3, 2, 1, false],
    [1, [1, 1], [[2, 2]], 3, 2, 2, false],
    [2, [2, 2], [], 3, 2, 2, false],
    [2, [2, 2], [], 4, 2, 2, false],
  ] as const)(
    "term %d after %j append %j commit %d: last %d, committed %d, reject %s",
    (term, prev, append, commit, last, committed, reject) => {
      const { raft } = createRaft({ terms: [1, 2] });
      becomeFollower(raft, term, 0n);
      const entries = append.map(([index, entryTerm]) =>
        createEntry(EntryType.EntryNormal, entryTerm, index, emptyBytes),
      );
      receive(raft, 2, { type: MessageType.MsgApp, term, index: prev[0], logTerm: prev[1], commit, entries });
      expect([raft.log.lastIndex(), raft.log.committed]).toEqual([last, committed]);
      expect(takeMessages(raft).map((message) => message.reject)).toEqual([reject]);
    },
  );
});

test.each([
  [3, 3],
  [1, 2], // never lowered
])("a heartbeat with commit %d on committed 2 gives %d", (commit, expected) => {
  const { raft } = createRaft({ terms: [1, 2, 3], term: 2, commit: 2 });
  receive(raft, 2, { type: MessageType.MsgHeartbeat, term: 2, commit });
  expect(raft.log.committed).toBe(expected);
  expect(takeMessages(raft).map((message) => message.type)).toEqual([MessageType.MsgHeartbeatResp]);
});

describe("MsgAppResp at a leader of term 1 with log 0,1 and its own first entry (peers: match 0, next 3)", () => {
  test.each([
    // answer's index, reject -> match, next of the peer; previous indexes of what is sent, with which commit
    [3, true, 0, 3, [], 0], // stale
    [2, true, 0, 2, [1], 0],
    [2, false, 2, 4, [2, 2], 2], // committed: both peers hear of it
    [0, false, 0, 4, [0], 0],
  ])("index %d reject %s: match %d, next %d, sends after %j", (index, reject, match, next, prevs, commit) => {
    const fixture = createRaft({ terms: [0, 1] });
    const { raft } = fixture;
    elect(fixture);
    settle(fixture);
    for (const id of [2, 3]) progressOf(raft, id).appendsPaused = false;
    receive(raft, 2, { type: MessageType.MsgAppResp, term: 1, index, reject, rejectHint: index });
    const sent = appends(takeMessages(raft));
    expect(sent.map((message) => message.index)).toEqual(prevs);
    for (const message of sent) expect(message.commit).toBe(commit);
    expect([progressOf(raft, 2).match, progressOf(raft, 2).next]).toEqual([match, next]);
  });
});

describe("fast log rejection", () => {
  test.each([
    // leader terms, follower terms, follower compacted to, hint [index, term], next append's prev [index, term]
    [[1, 2, 2, 4, 4, 4, 4], [1, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3], 0, [7, 3], [3, 2]],
    [[1, 2, 2, 3, 4, 4, 4, 5], [1, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3], 0, [8, 3], [4, 3]],
    [[1, 1, 1, 1], [1, 2, 2, 4], 0, [1, 1], [1, 1]],
    [[1, 1, 1, 1, 1, 1], [1, 2, 2, 4], 0, [1, 1], [1, 1]],
    [[1, 1, 1, 1], [1, 2, 2, 4, 4, 4], 0, [1, 1], [1, 1]],
    [[1, 1, 1, 4, 5], [1, 1, 1, 4], 0, [4, 4], [4, 4]],
    [[2, 5, 5, 5, 5, 5, 5, 5, 5], [2, 4, 4, 4, 4, 4], 0, [6, 4], [1, 2]],
    [[2, 2, 2, 2, 2], [2, 4, 4, 4, 4, 4, 4, 4], 0, [1, 2], [1, 2]],
    [[1, 1, 3], [1, 1, 3, 3, 3], 5, [3, 0], [2, 1]],
  ] as const)("leader %j, follower %j", (leaderTerms, followerTerms, compacted, hint, nextPrev) => {
    const leader = createRaft({ terms: leaderTerms, term: leaderTerms.at(-1) ?? 0 });
    const follower = createRaft({ id: 2, terms: followerTerms, term: followerTerms.at(-1) ?? 0 });
    if (compacted > 0) follower.storage.compact(compacted);
    elect(leader);
    // The first probe goes to the end of the log as it was before the leader's own entry.
    const { raft } = leader;
    takeMessages(raft);
    const last = leaderTerms.length;
    receive(follower.raft, 1, {
      type: MessageType.MsgApp,
      term: Math.max(raft.term, follower.raft.term),
      index: last,
      logTerm: leaderTerms.at(-1) ?? 0,
    });
    const answer = takeMessages(follower.raft).at(-1) as Message;
    expect([answer.reject, answer.rejectHint, answer.logTerm]).toEqual([true, ...hint]);
    progressOf(raft, 2).next = last + 1;
    receive(raft, 2, { ...answer, term: raft.term });
    const [probe] = appends(takeMessages(raft));
    expect([probe?.index, probe?.logTerm]).toEqual(nextPrev);
  });
});

describe("commit index by acknowledged indexes", () => {
  test.each([
    // matches, log terms, leader term -> commit index
    [[1], [1], 1, 1],
    [[1], [1], 2, 0],
    [[2], [1, 2], 2, 2],
    [[1], [2], 2, 1],
    [[2, 1, 1], [1, 2], 1, 1],
    [[2, 1, 1], [1, 1], 2, 0],
    [[2, 1, 2], [1, 2], 2, 2],
    [[2, 1, 2], [1, 1], 2, 0],
    [[2, 1, 1, 1], [1, 2], 1, 1],
    [[2, 1, 1, 1], [1, 1], 2, 0],
    [[2, 1, 1, 2], [1, 2], 1, 1],
    [[2, 1, 1, 2], [1, 1], 2, 0],
    [[2, 1, 2, 2], [1, 2], 2, 2],
    [[2, 1, 2, 2], [1, 1], 2, 0],
  ])("matches %j, log %j, term %d: commit %d", (matches, terms, term, commit) => {
    const { raft } = createRaft({ voters: matches.map((_, i) => i + 1), terms, term });
    matches.forEach((match, i) => (progressOf(raft, i + 1).match = match));
    expect(raft.log.maybeCommit(raft.tracker.committed(), raft.term)).toBe(commit > 0);
    expect(raft.log.committed).toBe(commit);
  });
});

describe("flow control", () => {
  test("a probed follower gets one append, then nothing before it answers or a heartbeat returns", () => {
    const { raft } = createLeader({ voters: [1, 2] });
    takeMessages(raft);
    progressOf(raft, 2).becomeProbe();
    for (let round = 0; round < 3; round++) {
      const sent: number[] = [];
      for (let i = 0; i < 10; i++) {
        propose(raft, 10);
        sent.push(appends(takeMessages(raft)).length);
      }
      expect(sent.reduce((a, b) => a + b)).toBe(1);
      expect(progressOf(raft, 2).paused).toBe(true);
      receive(raft, 2, { type: MessageType.MsgHeartbeatResp, term: raft.term });
      expect(appends(takeMessages(raft))).toHaveLength(1);
      expect(progressOf(raft, 2).paused).toBe(true);
      receive(raft, 2, { type: MessageType.MsgHeartbeatResp, term: raft.term });
      takeMessages(raft);
      progressOf(raft, 2).appendsPaused = false;
    }
  });

  test("a replicating follower is sent appends until the window is full", () => {
    const { raft } = createLeader({ voters: [1, 2], config: { maxInflightMsgs: 3 } });
    takeMessages(raft);
    progressOf(raft, 2).becomeReplicate();
    const sent = [1, 2, 3, 4, 5].map(() => (propose(raft, 10), appends(takeMessages(raft)).length));
    expect(sent).toEqual([1, 1, 1, 0, 0]);
    expect(progressOf(raft, 2).inflights.full).toBe(true);
  });

  test("an acknowledgement moves the window forward, an old one does not", () => {
    const { raft } = createLeader({ voters: [1, 2], config: { maxInflightMsgs: 3 } });
    progressOf(raft, 2).becomeReplicate();
    for (let i = 0; i < 3; i++) propose(raft, 10);
    takeMessages(raft);
    receive(raft, 2, { type: MessageType.MsgAppResp, term: 1, index: 3 });
    takeMessages(raft);
    expect(progressOf(raft, 2).inflights.count).toBe(1);
    propose(raft, 10);
    propose(raft, 10);
    expect(progressOf(raft, 2).inflights.full).toBe(true);
    takeMessages(raft);
    for (const old of [0, 1, 2, 3]) receive(raft, 2, { type: MessageType.MsgAppResp, term: 1, index: old });
    expect(progressOf(raft, 2).inflights.full).toBe(true);
  });

  test("with the window full, each heartbeat answer lets one empty append through", () => {
    const { raft } = createLeader({ voters: [1, 2], config: { maxInflightMsgs: 2 } });
    progressOf(raft, 2).becomeReplicate();
    for (let i = 0; i < 3; i++) propose(raft, 10);
    takeMessages(raft);
    for (let round = 0; round < 3; round++) {
      receive(raft, 2, { type: MessageType.MsgHeartbeatResp, term: 1 });
      const sent = appends(takeMessages(raft));
      expect(sent.map((message) => message.entries.length)).toEqual([0]);
      propose(raft, 10);
      expect(appends(takeMessages(raft))).toEqual([]);
    }
  });

  test("the byte window stops sending too", () => {
    const { raft } = createLeader({ voters: [1, 2], config: { maxInflightBytes: 250, maxSizePerMsg: 200 } });
    progressOf(raft, 2).becomeReplicate();
    takeMessages(raft);
    const sent = [1, 2, 3, 4].map(() => (propose(raft, 100), appends(takeMessages(raft)).length));
    expect(sent).toEqual([1, 1, 1, 0]);
  });

  test("an append is cut to the size limit, but never below one entry", () => {
    const fixture = createLeader({ voters: [1, 2], config: { maxSizePerMsg: 250 } });
    const { raft } = fixture;
    progressOf(raft, 2).becomeReplicate();
    takeMessages(raft);
    propose(raft, 100, 100, 100, 1000, 1);
    const sizes: number[][] = [];
    for (let sent = appends(takeMessages(raft)); sent.length > 0; sent = appends(takeMessages(raft))) {
      for (const message of sent) sizes.push(message.entries.map((entry) => entry.data.length));
      receive(raft, 2, { type: MessageType.MsgAppResp, term: 1, index: progressOf(raft, 2).next - 1 });
    }
    expect(sizes.filter((size) => size.length > 0)).toEqual([[0, 100, 100], [100], [1000], [1]]);
  });

  test("unreachable puts a replicating follower back to probing", () => {
    const { raft } = createLeader();
    const progress = progressOf(raft, 2);
    progress.match = 3;
    progress.becomeReplicate();
    progress.next = 6;
    receive(raft, 2, { type: MessageType.MsgUnreachable });
    expect([progress.state, progress.next]).toEqual(["StateProbe", 4]);
  });
});

describe("quota of uncommitted bytes", () => {
  test("1024 entries of 8 bytes fill it; what is applied is given back; empty payloads always pass", () => {
    const max = 1024 * 8;
    const fixture = createLeader({ config: { maxUncommittedEntriesSize: max } });
    const { raft } = fixture;
    for (const id of [2, 3]) progressOf(raft, id).becomeReplicate();
    expect(raft.uncommittedBytes).toBe(0);
    for (let i = 0; i < 1024; i++) expect(propose(raft, 8)).toBe("accepted");
    expect(propose(raft, 8)).toBe("proposal-dropped");
    settle(fixture);
    receive(raft, 2, { type: MessageType.MsgAppResp, term: 1, index: raft.log.lastIndex() });
    settle(fixture);
    expect(raft.uncommittedBytes).toBe(0);
    // With nothing pending any size passes, then nothing but empty payloads.
    expect(propose(raft, ...Array.from({ length: 2048 }, () => 8))).toBe("accepted");
    expect(raft.uncommittedBytes).toBe(2 * max);
    expect(propose(raft, 8)).toBe("proposal-dropped");
    expect(propose(raft, 0)).toBe("accepted");
    settle(fixture);
    receive(raft, 2, { type: MessageType.MsgAppResp, term: 1, index: raft.log.lastIndex() });
    settle(fixture);
    expect(raft.uncommittedBytes).toBe(0);
  });
});

describe("snapshots", () => {
  const snapshotOf = (voters: readonly number[]): Snapshot => ({
    data: text("state"),
    metadata: {
      confState: {
        voters: ids(...voters),
        learners: [],
        votersOutgoing: [],
        learnersNext: [],
        autoLeave: false,
      },
      index: 11,
      term: 11,
    },
  });

  /** A leader that starts from a snapshot at 11 and knows a follower at an index the log has no more. */
  function createCompactedLeader(): Fixture {
    const fixture = createRaft({ voters: [1] });
    receive(fixture.raft, 2, { type: MessageType.MsgSnap, term: 11, snapshot: snapshotOf([1, 2]) });
    settle(fixture);
    elect(fixture);
    settle(fixture);
    takeMessages(fixture.raft);
    return fixture;
  }

  test("a follower whose next entry is compacted is sent the snapshot, once it was heard of", () => {
    const { raft } = createCompactedLeader();
    const progress = progressOf(raft, 2);
    progress.next = raft.log.firstIndex();
    receive(raft, 2, {
      type: MessageType.MsgAppResp,
      term: raft.term,
      index: progress.next - 1,
      reject: true,
    });
    expect(takeMessages(raft).map((message) => message.type)).toEqual([MessageType.MsgSnap]);
    expect([progress.state, progress.pendingSnapshot, progress.next]).toEqual(["StateSnapshot", 11, 12]);
  });

  test("a follower that is silent is not sent a snapshot", () => {
    const { raft } = createCompactedLeader();
    const progress = progressOf(raft, 2);
    progress.next = 1;
    progress.recentActive = false;
    progress.appendsPaused = false;
    propose(raft, 1);
    expect(takeMessages(raft).filter((message) => message.to === 2n)).toEqual([]);
  });

  test("a snapshot that is not available yet is tried again later", () => {
    const { raft, storage } = createCompactedLeader();
    const progress = progressOf(raft, 2);
    progress.next = 1;
    progress.recentActive = true;
    progress.appendsPaused = false;
    const snapshot = storage.snapshot.bind(storage);
    Object.defineProperty(storage, "snapshot", {
      value: () => "temporarily-unavailable",
      configurable: true,
    });
    propose(raft, 1);
    expect(takeMessages(raft).filter((message) => message.to === 2n)).toEqual([]);
    expect(progress.state).toBe("StateProbe");
    Object.defineProperty(storage, "snapshot", { value: snapshot });
    propose(raft, 1);
    expect(takeMessages(raft).filter((message) => message.type === MessageType.MsgSnap)).toHaveLength(1);
  });

  function createWaiting(): { raft: Raft; progress: Progress } {
    const { raft } = createCompactedLeader();
    const progress = progressOf(raft, 2);
    progress.next = 1;
    progress.becomeSnapshot(11);
    return { raft, progress };
  }

  test("while a snapshot is under way nothing is sent", () => {
    const { raft, progress } = createWaiting();
    propose(raft, 1);
    expect(takeMessages(raft).filter((message) => message.to === 2n)).toEqual([]);
    expect(progress.pendingSnapshot).toBe(11);
  });

  test.each([
    { ok: false, next: 1 },
    { ok: true, next: 12 },
  ])("reported as ok $ok: probes at $next, paused until a sign of life", ({ ok, next }) => {
    const { raft, progress } = createWaiting();
    receive(raft, 2, { type: MessageType.MsgSnapStatus, reject: !ok });
    expect([progress.state, progress.pendingSnapshot, progress.next, progress.paused]).toEqual([
      "StateProbe",
      0,
      next,
      true,
    ]);
  });

  test.each([11, 12])("an acknowledgement of %d ends it and replication goes on", (index) => {
    const { raft, progress } = createWaiting();
    receive(raft, 2, { type: MessageType.MsgAppResp, term: raft.term, index });
    expect([progress.state, progress.pendingSnapshot, progress.next]).toEqual([
      "StateReplicate",
      0,
      raft.log.lastIndex() + 1,
    ]);
    expect(progress.inflights.count).toBe(index === 11 ? 1 : 0);
  });

  test("an acknowledgement below our first index does not end it", () => {
    const { raft, progress } = createWaiting();
    receive(raft, 2, { type: MessageType.MsgAppResp, term: raft.term, index: 4 });
    expect(progress.state).toBe("StateSnapshot");
  });

  test("a snapshot that is old, not for us, or known already is not restored", () => {
    const known = createRaft({ terms: Array.from({ length: 12 }, () => 11), term: 11, commit: 5 });
    receive(known.raft, 2, { type: MessageType.MsgSnap, term: 11, snapshot: snapshotOf([1, 2, 3]) });
    expect([known.raft.log.lastIndex(), known.raft.log.committed]).toEqual([12, 11]); // fast-forwarded
    expect(takeMessages(known.raft).map((message) => message.index)).toEqual([11]);
    receive(known.raft, 2, { type: MessageType.MsgSnap, term: 11, snapshot: snapshotOf([1, 2]) });
    expect(known.raft.tracker.config.voters).toEqual(ids(1, 2, 3));
    expect(takeMessages(known.raft).map((message) => message.index)).toEqual([11]);

    const stranger = createRaft({ id: 4 });
    receive(stranger.raft, 2, { type: MessageType.MsgSnap, term: 11, snapshot: snapshotOf([1, 2, 3]) });
    expect(stranger.raft.log.lastIndex()).toBe(0);
    expect(takeMessages(stranger.raft).map((message) => message.index)).toEqual([0]);
  });

  test("a snapshot waits for a conf change that is being applied", () => {
    const change = createEntry(EntryType.EntryConfChangeV2, 1, 1, Uint8Array.of(8, 0));
    const { raft } = createRaft();
    receive(raft, 2, { type: MessageType.MsgApp, term: 1, entries: [change], commit: 1 });
    takeMessages(raft);
    raft.log.acceptApplying(raft.log.nextCommitted(true), true);
    receive(raft, 2, { type: MessageType.MsgSnap, term: 11, snapshot: snapshotOf([1, 2]) });
    expect(raft.tracker.config.voters).toEqual(ids(1, 2, 3));
    expect(takeMessages(raft).map((message) => message.index)).toEqual([1]);
    raft.log.appliedTo(1, 0);
    receive(raft, 2, { type: MessageType.MsgSnap, term: 11, snapshot: snapshotOf([1, 2]) });
    expect(raft.tracker.config.voters).toEqual(ids(1, 2));
  });

  test("nobody campaigns with a snapshot on its way in", () => {
    const { raft } = createRaft();
    receive(raft, 2, { type: MessageType.MsgSnap, term: 11, snapshot: snapshotOf([1, 2, 3]) });
    for (let i = 0; i < 40; i++) tick(raft);
    expect(raft.role).toBe(StateRole.StateFollower);
  });

  test("a slow follower catches up through a snapshot", () => {
    const network = new TestNetwork([createRaft(), createRaft({ id: 2 }), createRaft({ id: 3 })]);
    network.campaign(1);
    network.isolate(3);
    for (let i = 0; i < 100; i++) network.propose(1);
    const { raft, storage } = network.fixture(1);
    storage.createSnapshot(raft.log.applied, raft.tracker.config, text("state"));
    storage.compact(raft.log.applied);
    network.heal();
    // A tick's heartbeat finds out that follower 3 lives, a second round sends it what it needs.
    for (let i = 0; i < 3 && network.raft(3).log.committed < raft.log.committed; i++) {
      tick(raft);
      network.run();
    }
    network.propose(1);
    expect(network.raft(3).log.committed).toBe(raft.log.committed);
  });
});

test("appends that overtake each other are rejected with a hint, and leave no hole", () => {
  const { raft } = createRaft({ id: 2 });
  receive(raft, 1, { type: MessageType.MsgApp, term: 1, index: 1, logTerm: 1, entries: entriesOf([1], 2) });
  expect(takeMessages(raft)).toMatchObject([{ reject: true, index: 1, rejectHint: 0 }]);
  receive(raft, 1, { type: MessageType.MsgApp, term: 1, index: 0, logTerm: 0, entries: entriesOf([1]) });
  expect(takeMessages(raft)).toMatchObject([{ reject: false, index: 1 }]);
  expect(raft.log.lastIndex()).toBe(1);
});
