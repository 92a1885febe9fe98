/** The facade: the shape of Readies, start and restart, refusals. Topics as upstream's rawnode_test.go and node_test.go. */
import { AssertionError } from "@quorate/std";
import { describe, expect, test } from "vitest";
import { decodeConfChange } from "./confchange/codec.js";
import { MemoryLogStorage } from "./memory-log-storage.js";
import { RawNode } from "./raw-node.js";
import { entriesOf, ids, text } from "./testing/raft-fixture.js";
import {
  type ConfChange,
  ConfChangeTransition,
  ConfChangeType,
  type ConfChangeV2,
} from "./types/conf-change.js";
import { type Config, checkConfig } from "./types/config.js";
import { type Entry, EntryType, createEntry, emptyBytes } from "./types/entry.js";
import {
  LOCAL_APPEND_THREAD,
  LOCAL_APPLY_THREAD,
  type Message,
  MessageType,
  createMessage,
} from "./types/message.js";
import { type Ready, StateRole } from "./types/ready.js";

interface TestNode {
  readonly node: RawNode;
  readonly storage: MemoryLogStorage;
  readonly applied: Entry[];
  readonly sent: Message[];
}

function createConfig(storage: MemoryLogStorage, overrides: Partial<Config> = {}): Config {
  return {
    id: 1n,
    electionTick: 10,
    heartbeatTick: 1,
    storage,
    random: () => 0,
    maxSizePerMsg: Infinity,
    maxInflightMsgs: 256,
    ...overrides,
  };
}

function createNode(voters: readonly number[], overrides: Partial<Config> = {}): TestNode {
  const storage = new MemoryLogStorage();
  storage.setConfState({
    voters: ids(...voters),
    learners: [],
    votersOutgoing: [],
    learnersNext: [],
    autoLeave: false,
  });
  return { node: new RawNode(createConfig(storage, overrides)), storage, applied: [], sent: [] };
}

/** Does what a Ready asks for, and advances. */
function handle(target: TestNode): Ready {
  const { node, storage } = target;
  const ready = node.ready();
  if (ready.hardState !== null) storage.setHardState(ready.hardState);
  if (ready.snapshot !== null) storage.applySnapshot(ready.snapshot);
  storage.append(ready.entries);
  target.sent.push(...ready.messages);
  for (const entry of ready.committedEntries) {
    const change = decodeConfChange(entry);
    if (change !== null) node.applyConfChange(change);
    target.applied.push(entry);
  }
  node.advance();
  return ready;
}

function settle(target: TestNode): void {
  while (target.node.hasReady()) handle(target);
}

function createSoleLeader(overrides: Partial<Config> = {}): TestNode {
  const target = createNode([1], overrides);
  target.node.campaign();
  settle(target);
  return target;
}

describe("start", () => {
  test("bootstrap: the first Ready holds one committed conf change per peer, and the hard state", () => {
    const storage = new MemoryLogStorage();
    const target: TestNode = { node: new RawNode(createConfig(storage)), storage, applied: [], sent: [] };
    expect(target.node.hasReady()).toBe(false);
    target.node.bootstrap([{ id: 1n, context: text("one") }]);
    const ready = handle(target);
    expect(ready.hardState).toEqual({ term: 1, vote: 0n, commit: 1 });
    expect(ready.mustSync).toBe(true);
    expect(ready.entries).toEqual(ready.committedEntries);
    expect(decodeConfChange(ready.entries[0] as Entry)).toEqual({
      id: 0n,
      type: ConfChangeType.ConfChangeAddNode,
      nodeId: 1n,
      context: text("one"),
    });
    target.node.campaign();
    settle(target);
    expect(target.node.propose(text("foo"))).toBe("accepted");
    settle(target);
    expect(target.applied.map((entry) => entry.index)).toEqual([1, 2, 3]);
    expect(() => target.node.bootstrap([{ id: 1n, context: emptyBytes }])).toThrow(AssertionError);
  });

  test("restart: the first Ready holds only what is committed and not applied", () => {
    const storage = new MemoryLogStorage();
    storage.append(entriesOf([1, 1, 1]));
    storage.setHardState({ term: 1, vote: 0n, commit: 2 });
    const target: TestNode = {
      node: new RawNode(createConfig(storage, { applied: 1 })),
      storage,
      applied: [],
      sent: [],
    };
    const ready = handle(target);
    expect(ready).toMatchObject({
      softState: null,
      hardState: null,
      entries: [],
      messages: [],
      mustSync: false,
    });
    expect(ready.committedEntries.map((entry) => entry.index)).toEqual([2]);
    expect(target.node.hasReady()).toBe(false);
  });

  test("restart from a snapshot hands out what lies behind it", () => {
    const storage = new MemoryLogStorage();
    const confState = {
      voters: ids(1, 2),
      learners: [],
      votersOutgoing: [],
      learnersNext: [],
      autoLeave: false,
    };
    storage.applySnapshot({ data: emptyBytes, metadata: { confState, index: 2, term: 1 } });
    storage.append(entriesOf([1], 3));
    storage.setHardState({ term: 1, vote: 0n, commit: 3 });
    const target: TestNode = { node: new RawNode(createConfig(storage)), storage, applied: [], sent: [] };
    expect(handle(target).committedEntries.map((entry) => entry.index)).toEqual([3]);
    expect(target.node.status().confState).toEqual(confState);
  });

  test("a restart pages through more committed entries than one Ready may hold, without gaps", () => {
    const storage = new MemoryLogStorage();
    const entries = entriesOf(Array.from({ length: 10 }, () => 1)).map((entry) =>
      createEntry(entry.type, 1, entry.index, new Uint8Array(100)),
    );
    storage.append(entries);
    storage.setHardState({ term: 1, vote: 0n, commit: 10 });
    const config = createConfig(storage, { maxCommittedSizePerReady: 250 });
    const target: TestNode = { node: new RawNode(config), storage, applied: [], sent: [] };
    const pages: number[] = [];
    while (target.node.hasReady()) pages.push(handle(target).committedEntries.length);
    expect(pages).toEqual([2, 2, 2, 2, 2]);
    expect(target.applied).toEqual(entries);
  });

  test("a hard state that the log cannot have is found at start", () => {
    const storage = new MemoryLogStorage();
    storage.append(entriesOf([1]));
    storage.setHardState({ term: 1, vote: 0n, commit: 2 });
    expect(() => new RawNode(createConfig(storage))).toThrow("1 state.commit 2 is out of range [0, 1]");
  });
});

describe("Ready", () => {
  test("a single voter is elected, and commits, one Ready after it has persisted", () => {
    const target = createNode([1]);
    target.node.campaign();
    expect(handle(target)).toMatchObject({
      softState: { lead: 0n, role: StateRole.StateCandidate },
      hardState: { term: 1, vote: 1n, commit: 0 },
      mustSync: true,
    });
    const elected = handle(target);
    expect(elected.softState).toEqual({ lead: 1n, role: StateRole.StateLeader });
    expect(elected.entries.map((entry) => entry.index)).toEqual([1]);
    expect(elected.committedEntries).toEqual([]);
    const committed = handle(target);
    expect(committed.committedEntries.map((entry) => entry.index)).toEqual([1]);
    // A commit index alone need not be on disk before anything leaves.
    expect(committed).toMatchObject({ hardState: { term: 1, vote: 1n, commit: 1 }, mustSync: false });
    expect(target.node.hasReady()).toBe(false);
  });

  test("a batch is one run of entries in one Ready, in order", () => {
    const target = createSoleLeader();
    const datas = Array.from({ length: 1000 }, (_, i) => text(String(i)));
    expect(target.node.proposeBatch(datas)).toBe("accepted");
    const ready = handle(target);
    expect(ready.entries.map((entry) => entry.data)).toEqual(datas);
    expect(ready.entries.map((entry) => entry.index)).toEqual(datas.map((_, i) => i + 2));
    settle(target);
    expect(target.applied.slice(1).map((entry) => entry.data)).toEqual(datas);
  });

  test("a follower answers only with the Ready that persists what it answers about", () => {
    const target = createNode([1, 2]);
    target.node.step(
      createMessage({
        type: MessageType.MsgApp,
        from: 2n,
        to: 1n,
        term: 1,
        entries: entriesOf([1]),
        commit: 1,
      }),
    );
    const ready = handle(target);
    expect(ready.entries).toHaveLength(1);
    expect(ready.committedEntries).toEqual(ready.entries); // committed already: the same in both
    expect(ready.messages.map((message) => [message.type, message.index])).toEqual([
      [MessageType.MsgAppResp, 1],
    ]);
  });

  test("two Readies without advance, or advance in asynchronous mode, are the caller's mistakes", () => {
    const target = createNode([1]);
    target.node.campaign();
    target.node.ready();
    expect(() => target.node.ready()).toThrow(AssertionError);
    const { node } = createNode([1], { asyncStorageWrites: true });
    expect(() => node.advance()).toThrow(AssertionError);
  });

  test("asynchronous mode: writes and applies are messages, their responses move the node on", () => {
    const { node, storage } = createNode([1], { asyncStorageWrites: true });
    const applied: number[] = [];
    const run = (): void => {
      while (node.hasReady()) {
        for (const message of node.ready().messages) {
          if (message.to === LOCAL_APPEND_THREAD) storage.append(message.entries);
          else if (message.to === LOCAL_APPLY_THREAD)
            applied.push(...message.entries.map((entry) => entry.index));
          for (const response of message.responses) expect(node.step(response)).toBe("accepted");
        }
      }
    };
    node.campaign();
    run();
    node.proposeBatch([text("a"), text("b")]);
    run();
    expect(applied).toEqual([1, 2, 3]);
    expect(node.basicStatus()).toMatchObject({ applied: 3, hardState: { term: 1, vote: 1n, commit: 3 } });
  });
});

describe("refusals", () => {
  test("proposals without a leader, or during a transfer, are dropped", () => {
    const target = createNode([1, 2]);
    expect(target.node.propose(text("x"))).toBe("proposal-dropped");
    const { node, sent } = target;
    node.campaign();
    handle(target);
    node.step(createMessage({ type: MessageType.MsgVoteResp, from: 2n, to: 1n, term: 1 }));
    settle(target);
    expect(node.propose(text("x"))).toBe("accepted");
    node.transferLeader(2n);
    expect(node.basicStatus().leadTransferee).toBe(2n);
    expect(node.propose(text("x"))).toBe("proposal-dropped");
    for (let i = 0; i < 10; i++) node.tick();
    expect(node.basicStatus().leadTransferee).toBe(0n);
    expect(node.propose(text("x"))).toBe("accepted");
    expect(sent.some((message) => message.type === MessageType.MsgTimeoutNow)).toBe(false);
  });

  test.each([
    { disableProposalForwarding: false, outcome: "accepted", forwarded: 1 },
    { disableProposalForwarding: true, outcome: "proposal-dropped", forwarded: 0 },
  ])(
    "at a follower, forwarding disabled $disableProposalForwarding: $outcome",
    ({ disableProposalForwarding, outcome, forwarded }) => {
      const target = createNode([1, 2], { disableProposalForwarding });
      target.node.step(createMessage({ type: MessageType.MsgHeartbeat, from: 2n, to: 1n, term: 1 }));
      handle(target);
      expect(target.node.proposeBatch([text("a"), text("b")])).toBe(outcome);
      settle(target);
      const proposals = target.sent.filter((message) => message.type === MessageType.MsgProp);
      expect(proposals).toHaveLength(forwarded);
      for (const message of proposals) {
        expect([message.from, message.to, message.term, message.entries.length]).toEqual([1n, 2n, 0, 2]);
      }
    },
  );

  test("local messages and strangers' answers from the network change nothing", () => {
    const { node } = createNode([1, 2]);
    for (const type of [MessageType.MsgHup, MessageType.MsgBeat, MessageType.MsgStorageAppendResp]) {
      expect(node.step(createMessage({ type, from: 2n }))).toBe("local-message");
    }
    expect(node.step(createMessage({ type: MessageType.MsgAppResp, from: 9n, term: 5 }))).toBe(
      "peer-not-found",
    );
    expect(node.hasReady()).toBe(false);
  });

  test("a proposal with a conf change that cannot be read is dropped", () => {
    const target = createSoleLeader();
    const entries = [createEntry(EntryType.EntryConfChange, 0, 0, Uint8Array.of(0xff))];
    expect(target.node.step(createMessage({ type: MessageType.MsgProp, from: 2n, entries }))).toBe(
      "proposal-dropped",
    );
  });

  test("an empty batch is the caller's mistake", () => {
    expect(() => createSoleLeader().node.proposeBatch([])).toThrow(AssertionError);
  });
});

describe("conf changes", () => {
  const add = (nodeId: bigint): ConfChange => ({
    id: 7n,
    type: ConfChangeType.ConfChangeAddNode,
    nodeId,
    context: emptyBytes,
  });

  test("a second change while one is not applied becomes an empty entry", () => {
    const target = createSoleLeader();
    expect(target.node.proposeConfChange(add(2n))).toBe("accepted");
    expect(target.node.proposeConfChange(add(3n))).toBe("accepted");
    const ready = handle(target);
    expect(ready.entries.map((entry) => [entry.type, entry.data.length > 0])).toEqual([
      [EntryType.EntryConfChange, true],
      [EntryType.EntryNormal, false],
    ]);
  });

  test("a refused change is applied with id 0 and frees the way for the next", () => {
    const target = createSoleLeader();
    target.node.proposeConfChange(add(2n));
    handle(target);
    const ready = target.node.ready();
    expect(ready.committedEntries).toHaveLength(1);
    expect(target.node.applyConfChange(add(0n)).voters).toEqual(ids(1));
    target.node.advance();
    target.node.proposeConfChange(add(3n));
    settle(target);
    expect(target.node.status().confState.voters).toEqual(ids(1, 3));
  });

  test("removing the last voter is refused", () => {
    const target = createSoleLeader();
    const removal: ConfChange = { ...add(1n), type: ConfChangeType.ConfChangeRemoveNode };
    expect(() => target.node.applyConfChange(removal)).toThrow("removed all voters");
  });

  test("a removal lets what the smaller group has commit at once", () => {
    const target = createNode([1, 2]);
    target.node.campaign();
    handle(target);
    target.node.step(createMessage({ type: MessageType.MsgVoteResp, from: 2n, to: 1n, term: 1 }));
    target.node.proposeConfChange({ ...add(2n), type: ConfChangeType.ConfChangeRemoveNode });
    settle(target);
    target.node.step(createMessage({ type: MessageType.MsgAppResp, from: 2n, to: 1n, term: 1, index: 2 }));
    target.node.propose(text("waits for 2"));
    expect(target.node.basicStatus().hardState.commit).toBe(2);
    settle(target);
    expect(target.node.basicStatus().hardState.commit).toBe(3);
  });

  test("a joint change with automatic leave goes through both steps by itself", () => {
    const target = createSoleLeader();
    const change: ConfChangeV2 = {
      transition: ConfChangeTransition.ConfChangeTransitionJointImplicit,
      changes: [{ type: ConfChangeType.ConfChangeAddLearnerNode, nodeId: 2n }],
      context: emptyBytes,
    };
    target.node.proposeConfChange(change);
    handle(target);
    handle(target);
    expect(target.node.status().confState).toMatchObject({ votersOutgoing: ids(1), autoLeave: true });
    settle(target);
    expect(target.node.status().confState).toMatchObject({
      voters: ids(1),
      learners: ids(2),
      votersOutgoing: [],
    });
    // What leaves is a V2 entry without any data.
    expect(target.applied.at(-1)).toMatchObject({ type: EntryType.EntryConfChangeV2, data: emptyBytes });
  });
});

describe("config", () => {
  const storage = new MemoryLogStorage();
  test.each([
    [{ id: 0n }, "cannot use none as id"],
    [{ id: LOCAL_APPLY_THREAD }, "cannot use local target as id"],
    [{ heartbeatTick: 0 }, "heartbeat tick must be greater than 0"],
    [{ electionTick: 1 }, "election tick must be greater than heartbeat tick"],
    [{ maxInflightMsgs: 0 }, "max inflight messages must be greater than 0"],
    [{ maxSizePerMsg: 10, maxInflightBytes: 9 }, "max inflight bytes must be >= max message size"],
    [
      { readOnlyOption: "lease-based" as const },
      "CheckQuorum must be enabled when ReadOnlyOption is ReadOnlyLeaseBased",
    ],
  ])("%o: %s", (overrides, reason) => {
    expect(checkConfig(createConfig(storage, overrides))).toBe(reason);
    expect(() => new RawNode(createConfig(storage, overrides))).toThrow(reason);
  });

  test("what is left out has its default", () => {
    expect(checkConfig(createConfig(storage, { maxSizePerMsg: 77 }))).toMatchObject({
      maxCommittedSizePerReady: 77,
      maxInflightBytes: Infinity,
      maxUncommittedEntriesSize: Infinity,
      readOnlyOption: "safe",
      applied: 0,
      events: null,
    });
  });
});

test("status shows the progress of everybody, on the leader only", () => {
  const target = createSoleLeader();
  expect([...target.node.status().progress.keys()]).toEqual(ids(1));
  expect(target.node.status().progress.get(1n)).toMatchObject({ match: 1, next: 2, state: "StateReplicate" });
  expect(createNode([1]).node.status().progress.size).toBe(0);
});
