/** The Raft paper, rule by rule: log replication and safety (sections 5.3, 5.4.2). Topics as upstream's raft_paper_test.go. */
import { describe, expect, test } from "vitest";
import {
  TestNetwork,
  createLeader,
  createRaft,
  elect,
  entriesOf,
  logTerms,
  receive,
  settle,
  takeMessages,
  text,
} from "../testing/raft-fixture.js";
import { EntryType, createEntry } from "../types/entry.js";
import { MessageType, NONE } from "../types/message.js";
import { becomeFollower } from "./role.js";
import { proposeAsLeader } from "./proposal.js";
import type { Raft } from "./raft.js";

function propose(raft: Raft, value: string): void {
  proposeAsLeader(raft, [createEntry(EntryType.EntryNormal, 0, 0, text(value))]);
}

/** A leader of `size` voters whose first entry, at 1, is committed everywhere and acknowledged. */
function createSteadyLeader(size: number): ReturnType<typeof createLeader> {
  const fixture = createLeader({ voters: Array.from({ length: size }, (_, i) => i + 1) });
  acknowledgeAll(fixture.raft, size);
  settle(fixture);
  return fixture;
}

function acknowledgeAll(raft: Raft, size: number): void {
  for (let id = 2; id <= size; id++) {
    receive(raft, id, { type: MessageType.MsgAppResp, term: raft.term, index: raft.log.lastIndex() });
  }
}

describe("section 5.3: log replication", () => {
  test("a leader appends a proposal and sends it to everybody", () => {
    const { raft } = createSteadyLeader(3);
    propose(raft, "some data");
    expect(raft.log.lastIndex()).toBe(2);
    expect(raft.log.committed).toBe(1);
    const sent = takeMessages(raft).filter((message) => message.to !== 1n);
    const entry = createEntry(EntryType.EntryNormal, 1, 2, text("some data"));
    expect(sent.map((m) => [m.type, m.to, m.term, m.index, m.logTerm, m.commit, m.entries])).toEqual([
      [MessageType.MsgApp, 2n, 1, 1, 1, 1, [entry]],
      [MessageType.MsgApp, 3n, 1, 1, 1, 1, [entry]],
    ]);
  });

  test("an entry acknowledged by a majority is committed, handed out, and announced", () => {
    const fixture = createSteadyLeader(3);
    const { raft } = fixture;
    propose(raft, "some data");
    settle(fixture);
    receive(raft, 2, { type: MessageType.MsgAppResp, term: 1, index: 2 });
    expect(raft.log.committed).toBe(2);
    expect(raft.log.nextCommitted(true).map((entry) => entry.data)).toEqual([text("some data")]);
    const announced = takeMessages(raft).filter((message) => message.type === MessageType.MsgApp);
    expect(announced.map((message) => [message.to, message.commit])).toEqual([
      [2n, 2],
      [3n, 2],
    ]);
  });

  test.each([
    { size: 1, acks: [], committed: true },
    { size: 3, acks: [], committed: false },
    { size: 3, acks: [2], committed: true },
    { size: 3, acks: [2, 3], committed: true },
    { size: 5, acks: [], committed: false },
    { size: 5, acks: [2], committed: false },
    { size: 5, acks: [2, 3], committed: true },
    { size: 5, acks: [2, 3, 4], committed: true },
    { size: 5, acks: [2, 3, 4, 5], committed: true },
  ])(
    "of $size voters, the leader and $acks have an entry: committed $committed",
    ({ size, acks, committed }) => {
      const fixture = createSteadyLeader(size);
      propose(fixture.raft, "x");
      settle(fixture);
      for (const id of acks) receive(fixture.raft, id, { type: MessageType.MsgAppResp, term: 1, index: 2 });
      expect(fixture.raft.log.committed === 2).toBe(committed);
    },
  );

  test.each([{ terms: [] }, { terms: [2] }, { terms: [1, 2] }, { terms: [1] }])(
    "committing an entry commits all before it, also of other leaders (log $terms)",
    ({ terms }) => {
      const fixture = createRaft({ terms, term: 2 });
      elect(fixture);
      propose(fixture.raft, "x");
      settle(fixture);
      acknowledgeAll(fixture.raft, 3);
      expect(logTerms(fixture.raft)).toEqual([...terms, 3, 3]);
      expect(fixture.raft.log.committed).toBe(terms.length + 2);
    },
  );

  test.each([
    { count: 1, commit: 1 },
    { count: 2, commit: 2 },
    { count: 2, commit: 1 },
  ])("a follower commits what the leader says: $count entries, commit $commit", ({ count, commit }) => {
    const { raft } = createRaft();
    becomeFollower(raft, 1, 2n);
    const entries = entriesOf(Array.from({ length: count }, () => 1));
    receive(raft, 2, { type: MessageType.MsgApp, term: 1, entries, commit });
    expect(raft.log.committed).toBe(commit);
    expect(raft.log.nextCommitted(true)).toEqual(entries.slice(0, commit));
  });

  test.each([
    { prev: [0, 0], answer: { index: 1, reject: false, rejectHint: 0, logTerm: 0 } },
    { prev: [1, 1], answer: { index: 1, reject: false, rejectHint: 0, logTerm: 0 } },
    { prev: [2, 2], answer: { index: 2, reject: false, rejectHint: 0, logTerm: 0 } },
    { prev: [1, 2], answer: { index: 2, reject: true, rejectHint: 1, logTerm: 1 } },
    { prev: [3, 3], answer: { index: 3, reject: true, rejectHint: 2, logTerm: 2 } },
  ])(
    "an append after (term, index) $prev to log 1,2 with commit 1 is answered $answer",
    ({ prev, answer }) => {
      const { raft } = createRaft({ terms: [1, 2], commit: 1 });
      becomeFollower(raft, 2, 2n);
      const [logTerm = 0, index = 0] = prev;
      receive(raft, 2, { type: MessageType.MsgApp, term: 2, logTerm, index });
      const [response] = takeMessages(raft);
      expect(response).toMatchObject({ type: MessageType.MsgAppResp, to: 2n, term: 2, ...answer });
    },
  );

  test.each([
    { prev: [2, 2], append: [[3, 3]], terms: [1, 2, 3], unstable: [3] },
    {
      prev: [1, 1],
      append: [
        [3, 2],
        [4, 3],
      ],
      terms: [1, 3, 4],
      unstable: [3, 4],
    },
    { prev: [0, 0], append: [[1, 1]], terms: [1, 2], unstable: [] },
    { prev: [0, 0], append: [[3, 1]], terms: [3], unstable: [3] },
  ])("a follower with log 1,2 appends $append after $prev", ({ prev, append, terms, unstable }) => {
    const { raft } = createRaft({ terms: [1, 2] });
    becomeFollower(raft, 2, 2n);
    const entries = append.map(([term = 0, index = 0]) =>
      createEntry(EntryType.EntryNormal, term, index, text("")),
    );
    const [logTerm = 0, index = 0] = prev;
    receive(raft, 2, { type: MessageType.MsgApp, term: 2, logTerm, index, entries });
    expect(logTerms(raft)).toEqual(terms);
    expect(raft.log.unstable.nextEntries().map((entry) => entry.term)).toEqual(unstable);
  });

  // Paper figure 7: the leader's log on top, followers (a) to (f).
  const leaderTerms = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
  test.each([
    ["a", [1, 1, 1, 4, 4, 5, 5, 6, 6]],
    ["b", [1, 1, 1, 4]],
    ["c", [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6]],
    ["d", [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7]],
    ["e", [1, 1, 1, 4, 4, 4, 4]],
    ["f", [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]],
  ])("a leader brings follower (%s) of figure 7 to its own log", (_name, followerTerms) => {
    const term = 8;
    const leader = createRaft({ terms: leaderTerms, term, commit: leaderTerms.length });
    const follower = createRaft({ id: 2, terms: followerTerms, term: term - 1 });
    const network = new TestNetwork([leader, follower]);
    network.campaign(1);
    // The third node lives only through its vote.
    receive(leader.raft, 3, { type: MessageType.MsgVoteResp, term: term + 1 });
    network.run();
    network.propose(1, text(""));
    expect(logTerms(follower.raft)).toEqual(logTerms(leader.raft));
    expect(follower.raft.log.committed).toBe(leader.raft.log.committed);
  });
});

describe("section 5.4.2: committing entries from previous terms", () => {
  test.each([
    { ack: 1, committed: 0 },
    { ack: 2, committed: 0 },
    { ack: 3, committed: 3 },
  ])(
    "only entries of the leader's own term are counted: acknowledged $ack, committed $committed",
    ({ ack, committed }) => {
      const fixture = createRaft({ voters: [1, 2], terms: [1, 2], term: 2 });
      elect(fixture);
      settle(fixture);
      expect(fixture.raft.term).toBe(3);
      receive(fixture.raft, 2, { type: MessageType.MsgAppResp, term: 3, index: ack });
      expect(fixture.raft.log.committed).toBe(committed);
    },
  );
});

test("a leader acknowledges its own entries only once they are durable", () => {
  const fixture = createRaft({ voters: [1] });
  const { raft } = fixture;
  elect({ ...fixture });
  expect(raft.log.committed).toBe(0);
  settle(fixture);
  expect(raft.log.committed).toBe(1);
  expect(raft.lead).not.toBe(NONE);
});
