/** Situations that are easy to get wrong: standing, voting and leading. The list is docs/reference/situations.md. */
import { describe, expect, test } from "vitest";
import {
  createLeader,
  createRaft,
  elect,
  ids,
  receive,
  settle,
  takeMessages,
} from "../testing/raft-fixture.js";
import { EntryType, createEntry, emptyBytes } from "../types/entry.js";
import { type Message, MessageType } from "../types/message.js";
import { StateRole } from "../types/ready.js";
import { emptySnapshot } from "../types/snapshot.js";
import { TRANSFER_CONTEXT } from "./election.js";
import type { Raft } from "./raft.js";
import { becomeCandidate, becomePreCandidate } from "./role.js";
import { tick } from "./tick.js";

const hup = (raft: Raft): void => receive(raft, 1, { type: MessageType.MsgHup });

const requests = (raft: Raft): Message[] =>
  takeMessages(raft).filter(({ type }) => type === MessageType.MsgVote || type === MessageType.MsgPreVote);

describe("a candidate", () => {
  test.each([
    ["an append", MessageType.MsgApp],
    ["a heartbeat", MessageType.MsgHeartbeat],
    ["a snapshot", MessageType.MsgSnap],
  ] as const)("follows who sends %s in the very term it stands for", (_name, type) => {
    for (const become of [becomeCandidate, becomePreCandidate]) {
      const { raft } = createRaft({ term: 2 });
      become(raft);
      const { term } = raft;
      receive(raft, 3, { type, term, snapshot: type === MessageType.MsgSnap ? emptySnapshot : null });
      expect([raft.role, raft.term, raft.lead]).toEqual([StateRole.StateFollower, term, 3n]);
    }
  });

  test("does not take its own vote of an earlier term for one of this", () => {
    const { raft } = createRaft();
    hup(raft);
    const old = takeMessages(raft).find((message) => message.to === 1n) as Message;
    hup(raft);
    expect([old.term, raft.term]).toEqual([1, 2]);
    receive(raft, 1, old);
    receive(raft, 2, { type: MessageType.MsgVoteResp, term: 2 });
    expect([raft.role, raft.tracker.hasVoted(1n)]).toEqual([StateRole.StateCandidate, false]);
  });

  test("that lost a pre-vote stays in its own term, though others spoke of the next one", () => {
    const { raft } = createRaft({ voters: [1, 2, 3, 4, 5], term: 4, config: { preVote: true } });
    hup(raft);
    expect(requests(raft).map((message) => message.term)).toEqual([5, 5, 5, 5]);
    receive(raft, 2, { type: MessageType.MsgPreVoteResp, term: 5 });
    expect(raft.term).toBe(4); // one yes is not enough
    for (const from of [3, 4, 5])
      receive(raft, from, { type: MessageType.MsgPreVoteResp, term: 4, reject: true });
    expect([raft.role, raft.term, raft.vote]).toEqual([StateRole.StateFollower, 4, 0n]);
  });
});

test("a leader does not take an acknowledgement of its own, of a term it led before, for one of this", () => {
  const fixture = createRaft({ voters: [1] });
  const { raft } = fixture;
  elect(fixture);
  const old = takeMessages(raft).find(({ type }) => type === MessageType.MsgAppResp) as Message;
  receive(raft, 2, { type: MessageType.MsgHeartbeat, term: 2 });
  takeMessages(raft);
  elect(fixture);
  takeMessages(raft);
  expect([old.to, old.term, raft.term]).toEqual([1n, 1, 3]);
  receive(raft, 1, old);
  expect(raft.log.committed).toBe(0);
});

test("a pre-vote leaves the election timer of who is asked alone, a vote that is given sets it back", () => {
  const { raft } = createRaft({ term: 1 });
  for (let i = 0; i < 4; i++) tick(raft);
  receive(raft, 2, { type: MessageType.MsgPreVote, term: 2 });
  expect([raft.electionElapsedTicks, raft.term, raft.vote]).toEqual([4, 1, 0n]);
  receive(raft, 2, { type: MessageType.MsgVote, term: 2 });
  expect([raft.electionElapsedTicks, raft.term, raft.vote]).toEqual([0, 2, 2n]);
});

describe("a leader of an earlier term", () => {
  const both = [MessageType.MsgApp, MessageType.MsgHeartbeat];
  test.each([
    [{ checkQuorum: true }, 1],
    [{ preVote: true }, 1],
    [{}, 0],
  ])("with %j is shown the higher term by %d bare answer", (config, answers) => {
    for (const type of both) {
      const { raft } = createRaft({ terms: [1], term: 3, config });
      receive(raft, 2, { type, term: 2, index: 1, logTerm: 1, commit: 1 });
      const sent = takeMessages(raft).map((one) => [one.type, one.to, one.term, one.index, one.reject]);
      expect(sent).toEqual(answers === 0 ? [] : [[MessageType.MsgAppResp, 2n, 3, 0, false]]);
      expect([raft.log.committed, raft.lead]).toEqual([0, 0n]);
    }
  });
});

describe("who must not stand", () => {
  /** Each keeps following and voting all the same. */
  function expectOnlyToFollow(raft: Raft): void {
    for (let i = 0; i < 40; i++) tick(raft);
    hup(raft);
    expect([raft.role, requests(raft)]).toEqual([StateRole.StateFollower, []]);
    const term = raft.term + 1;
    receive(raft, 2, { type: MessageType.MsgVote, term, index: 99, logTerm: term });
    expect(takeMessages(raft)).toMatchObject([{ type: MessageType.MsgVoteResp, reject: false, term }]);
    receive(raft, 2, { type: MessageType.MsgHeartbeat, term });
    expect(takeMessages(raft)).toMatchObject([{ type: MessageType.MsgHeartbeatResp }]);
    expect(raft.lead).toBe(2n);
  }

  test("a node outside its own configuration follows and votes", () => {
    expectOnlyToFollow(createRaft({ id: 1, voters: [2, 3] }).raft);
  });

  test("a node that has a snapshot still to install follows and votes", () => {
    const { raft } = createRaft();
    const confState = { ...raft.tracker.config, voters: ids(1, 2, 3) };
    const snapshot = { data: emptyBytes, metadata: { confState, index: 5, term: 1 } };
    receive(raft, 2, { type: MessageType.MsgSnap, term: 1, snapshot });
    takeMessages(raft);
    expectOnlyToFollow(raft);
  });

  test("a node that has a committed conf change still to apply follows and votes", () => {
    const { raft } = createRaft();
    const entries = [createEntry(EntryType.EntryConfChange, 1, 1, Uint8Array.of(24, 4))];
    receive(raft, 2, { type: MessageType.MsgApp, term: 1, entries, commit: 1 });
    takeMessages(raft);
    expectOnlyToFollow(raft);
  });

  test("once the conf change is applied the node stands again", () => {
    const fixture = createRaft();
    const entries = [createEntry(EntryType.EntryConfChange, 1, 1, Uint8Array.of(24, 4))];
    receive(fixture.raft, 2, { type: MessageType.MsgApp, term: 1, entries, commit: 1 });
    settle(fixture);
    hup(fixture.raft);
    expect(fixture.raft.role).toBe(StateRole.StateCandidate);
  });
});

describe("the order to stand now", () => {
  test("is followed without a pre-vote, and the requests say who wants it", () => {
    const { raft } = createRaft({ term: 1, config: { preVote: true, checkQuorum: true } });
    receive(raft, 2, { type: MessageType.MsgHeartbeat, term: 1 });
    takeMessages(raft);
    receive(raft, 2, { type: MessageType.MsgTimeoutNow, term: 1 });
    expect([raft.role, raft.term]).toEqual([StateRole.StateCandidate, 2]);
    expect(requests(raft).map((one) => [one.type, one.to, one.context])).toEqual([
      [MessageType.MsgVote, 2n, TRANSFER_CONTEXT],
      [MessageType.MsgVote, 3n, TRANSFER_CONTEXT],
    ]);
  });

  test("means nothing to a candidate, a pre-candidate or a leader", () => {
    const candidate = createRaft().raft;
    becomeCandidate(candidate);
    const preCandidate = createRaft().raft;
    becomePreCandidate(preCandidate);
    for (const raft of [candidate, preCandidate, createLeader().raft]) {
      const before = [raft.role, raft.term];
      takeMessages(raft);
      receive(raft, 2, { type: MessageType.MsgTimeoutNow, term: raft.term });
      expect([[raft.role, raft.term], takeMessages(raft)]).toEqual([before, []]);
    }
  });
});
