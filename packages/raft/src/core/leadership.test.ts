/** Leases, pre-votes, quorum checks and transfers. Topics as upstream's raft_test.go; thesis sections 3.10, 4.2.3, 6.4.1, 9.6. */
import { describe, expect, test } from "vitest";
import {
  type FixtureOptions,
  TestNetwork,
  createLeader,
  createRaft,
  receive,
  takeMessages,
} from "../testing/raft-fixture.js";
import { type Message, MessageType } from "../types/message.js";
import { StateRole } from "../types/ready.js";
import { TRANSFER_CONTEXT } from "./election.js";
import { tick } from "./tick.js";

function createNetwork(options: FixtureOptions = {}): TestNetwork {
  const network = new TestNetwork([1, 2, 3].map((id) => createRaft({ ...options, id })));
  network.campaign(1);
  return network;
}

function ticks(network: TestNetwork, id: number, count: number): void {
  for (let i = 0; i < count; i++) tick(network.raft(id));
  network.run();
}

const roles = (network: TestNetwork): StateRole[] => [1, 2, 3].map((id) => network.raft(id).role);

describe("check quorum", () => {
  const config = { checkQuorum: true };

  test("a leader that hears of nobody steps down at the same term after an election timeout", () => {
    const { raft } = createLeader({ config });
    for (const id of [2, 3]) receive(raft, id, { type: MessageType.MsgHeartbeatResp, term: 1 });
    for (let i = 0; i < 10; i++) tick(raft);
    expect(raft.role).toBe(StateRole.StateLeader);
    for (let i = 0; i < 10; i++) tick(raft);
    expect([raft.role, raft.term, raft.lead]).toEqual([StateRole.StateFollower, 1, 0n]);
  });

  test("with a learner's answers alone it steps down too", () => {
    const { raft } = createLeader({ voters: [1, 2], learners: [3], config });
    for (let i = 0; i < 15; i++) {
      receive(raft, 3, { type: MessageType.MsgHeartbeatResp, term: 1 });
      tick(raft);
    }
    expect(raft.role).toBe(StateRole.StateFollower);
  });

  test("who heard the leader within the timeout ignores vote requests, except those of a transfer", () => {
    const { raft } = createRaft({ config });
    receive(raft, 2, { type: MessageType.MsgHeartbeat, term: 1 });
    takeMessages(raft);
    for (const type of [MessageType.MsgVote, MessageType.MsgPreVote]) {
      receive(raft, 3, { type, term: 5, index: 9, logTerm: 9 });
    }
    expect([takeMessages(raft), raft.term]).toEqual([[], 1]);
    receive(raft, 3, { type: MessageType.MsgVote, term: 5, index: 9, logTerm: 9, context: TRANSFER_CONTEXT });
    expect(takeMessages(raft).map((message) => [message.type, message.reject])).toEqual([
      [MessageType.MsgVoteResp, false],
    ]);
  });

  test("a node stuck with a higher term shows it to the old leader, which steps down", () => {
    const network = createNetwork({ config });
    network.isolate(3);
    for (let round = 0; round < 3; round++) ticks(network, 3, 20);
    expect(network.raft(3).term).toBeGreaterThan(network.raft(1).term);
    network.heal();
    ticks(network, 1, 1);
    expect(roles(network)[0]).toBe(StateRole.StateFollower);
    expect(network.raft(1).term).toBe(network.raft(3).term);
  });
});

describe("pre-vote", () => {
  const config = { preVote: true };

  test("asking changes nothing at the asked, and may be granted to several", () => {
    const { raft } = createRaft({ term: 1, config });
    for (const from of [2, 3]) receive(raft, from, { type: MessageType.MsgPreVote, term: 2 });
    expect(takeMessages(raft).map((message) => [message.to, message.term, message.reject])).toEqual([
      [2n, 2, false],
      [3n, 2, false],
    ]);
    expect([raft.term, raft.vote, raft.electionElapsedTicks]).toEqual([1, 0n, 0]);
  });

  test("a node that is cut off does not raise its term", () => {
    const network = createNetwork({ config });
    network.isolate(3);
    for (let round = 0; round < 5; round++) ticks(network, 3, 20);
    expect([network.raft(3).role, network.raft(3).term]).toEqual([StateRole.StatePreCandidate, 1]);
    network.heal();
    network.propose(1);
    expect(roles(network)).toEqual([StateRole.StateLeader, StateRole.StateFollower, StateRole.StateFollower]);
  });

  test("rejected by a quorum, it falls back to follower at its own term", () => {
    const { raft } = createRaft({ term: 1, config });
    receive(raft, 1, { type: MessageType.MsgHup });
    for (const from of [2, 3])
      receive(raft, from, { type: MessageType.MsgPreVoteResp, term: 1, reject: true });
    expect([raft.role, raft.term]).toEqual([StateRole.StateFollower, 1]);
  });

  test("a late pre-vote is no vote", () => {
    const { raft } = createRaft({ voters: [1, 2, 3, 4, 5], config });
    receive(raft, 1, { type: MessageType.MsgHup });
    for (const from of [1, 2, 3]) receive(raft, from, { type: MessageType.MsgPreVoteResp, term: 1 });
    expect(raft.role).toBe(StateRole.StateCandidate);
    for (const from of [1, 4, 5]) receive(raft, from, { type: MessageType.MsgPreVoteResp, term: 1 });
    expect(raft.role).toBe(StateRole.StateCandidate);
  });

  test("one with a lower term is told the higher one", () => {
    const { raft } = createRaft({ term: 5, config });
    receive(raft, 2, { type: MessageType.MsgPreVote, term: 3, index: 9, logTerm: 9 });
    expect(takeMessages(raft).map((message) => [message.term, message.reject])).toEqual([[5, true]]);
  });
});

describe("transfer", () => {
  test("to a follower that is up to date", () => {
    const network = createNetwork({ config: { checkQuorum: true, preVote: true } });
    network.send({ type: MessageType.MsgTransferLeader, to: 1n, from: 2n });
    expect(roles(network)).toEqual([StateRole.StateFollower, StateRole.StateLeader, StateRole.StateFollower]);
  });

  test("asked at a follower, it is forwarded", () => {
    const network = createNetwork();
    network.send({ type: MessageType.MsgTransferLeader, to: 3n, from: 2n });
    expect(network.raft(2).role).toBe(StateRole.StateLeader);
  });

  test("to a follower that is behind: first it catches up", () => {
    const network = createNetwork();
    network.isolate(3);
    network.propose(1);
    network.heal();
    network.send({ type: MessageType.MsgTransferLeader, to: 1n, from: 3n });
    expect(network.raft(3).role).toBe(StateRole.StateLeader);
    expect(network.raft(3).log.lastIndex()).toBe(3);
  });

  test.each([
    [1, "itself"],
    [4, "a learner"],
    [9, "a stranger"],
  ])("to %d, %s, is ignored", (target) => {
    const { raft } = createLeader({ learners: [4] });
    takeMessages(raft);
    receive(raft, target, { type: MessageType.MsgTransferLeader });
    expect([raft.leadTransferee, takeMessages(raft)]).toEqual([0n, []]);
  });

  test("a second target replaces the first, the same one changes nothing", () => {
    const { raft } = createLeader();
    receive(raft, 2, { type: MessageType.MsgTransferLeader });
    for (let i = 0; i < 5; i++) tick(raft);
    receive(raft, 2, { type: MessageType.MsgTransferLeader });
    expect(raft.electionElapsedTicks).toBe(5); // the time it has left is not renewed
    receive(raft, 3, { type: MessageType.MsgTransferLeader });
    expect([raft.leadTransferee, raft.electionElapsedTicks]).toEqual([3n, 0]);
  });

  test.each([
    { id: 1, voters: [2, 3], what: "not in the configuration" },
    { id: 1, voters: [2, 3], learners: [1], what: "a learner" },
  ])("a target that is $what does not stand", ({ id, voters, learners = [] }) => {
    const { raft } = createRaft({ id, voters, learners });
    receive(raft, 2, { type: MessageType.MsgTimeoutNow, term: 1 });
    expect([raft.role, raft.term]).toEqual([StateRole.StateFollower, 1]);
  });
});

test("a candidate does not lead before its own vote is durable, whatever the others say", () => {
  const { raft } = createRaft();
  receive(raft, 1, { type: MessageType.MsgHup });
  const own = takeMessages(raft).find((message) => message.to === 1n);
  for (const from of [2, 3]) receive(raft, from, { type: MessageType.MsgVoteResp, term: 1 });
  expect(raft.role).toBe(StateRole.StateCandidate);
  receive(raft, 1, own as Message);
  expect(raft.role).toBe(StateRole.StateLeader);
});

test("a learner never stands, but votes when asked", () => {
  const { raft } = createRaft({ voters: [2, 3], learners: [1] });
  for (let i = 0; i < 40; i++) tick(raft);
  expect(raft.role).toBe(StateRole.StateFollower);
  receive(raft, 2, { type: MessageType.MsgVote, term: 2 });
  expect(takeMessages(raft).map((message) => message.reject)).toEqual([false]);
});

test("forgetting the leader allows pre-votes to be granted", () => {
  const { raft } = createRaft({ config: { checkQuorum: true, preVote: true } });
  receive(raft, 2, { type: MessageType.MsgHeartbeat, term: 1 });
  takeMessages(raft);
  receive(raft, 0, { type: MessageType.MsgForgetLeader });
  expect(raft.lead).toBe(0n);
  receive(raft, 3, { type: MessageType.MsgPreVote, term: 2 });
  expect(takeMessages(raft).map((message) => message.reject)).toEqual([false]);
});
