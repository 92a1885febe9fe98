/** Situations that are easy to get wrong, seen from outside: what a Ready holds. The list is docs/reference/situations.md. */
import { describe, expect, test } from "vitest";
import { MemoryLogStorage } from "./memory-log-storage.js";
import { RawNode } from "./raw-node.js";
import { entriesOf, ids } from "./testing/raft-fixture.js";
import type { Config } from "./types/config.js";
import { EntryType, createEntry, emptyBytes } from "./types/entry.js";
import {
  LOCAL_APPEND_THREAD,
  type Message,
  type MessageFields,
  MessageType,
  createMessage,
} from "./types/message.js";
import { StateRole } from "./types/ready.js";

const confState = {
  voters: ids(1, 2, 3),
  learners: [],
  votersOutgoing: [],
  learnersNext: [],
  autoLeave: false,
};

interface Stored {
  readonly terms?: readonly number[];
  readonly term?: number;
  readonly commit?: number;
  readonly config?: Partial<Config>;
}

function start({ terms = [], term = 0, commit = 0, config = {} }: Stored = {}): {
  node: RawNode;
  storage: MemoryLogStorage;
} {
  const storage = new MemoryLogStorage();
  storage.append(entriesOf(terms));
  storage.setHardState({ term, vote: 0n, commit });
  storage.setConfState(confState);
  const fixed = { id: 1n, electionTick: 10, heartbeatTick: 1, random: () => 0, maxInflightMsgs: 256 };
  return { node: new RawNode({ ...fixed, storage, maxSizePerMsg: Infinity, ...config }), storage };
}

const from2 = (node: RawNode, fields: MessageFields): unknown =>
  node.step(createMessage({ ...fields, from: 2n, to: 1n }));

/** The one write of a Ready with asynchronous storage, and what leaves without waiting for it. */
function writeOf(node: RawNode): { write: Message; others: Message[] } {
  const { messages } = node.ready();
  const write = messages.find((message) => message.to === LOCAL_APPEND_THREAD);
  if (write === undefined) throw new Error("no write");
  return { write, others: messages.filter((message) => message !== write) };
}

describe("an answer waits for what it speaks of to be durable", () => {
  test.each([
    ["a vote", { type: MessageType.MsgVote, term: 5, index: 9, logTerm: 4 }, MessageType.MsgVoteResp, false],
    ["a vote denied", { type: MessageType.MsgVote, term: 5 }, MessageType.MsgVoteResp, true],
    [
      "an append",
      { type: MessageType.MsgApp, term: 5, index: 2, logTerm: 1, entries: entriesOf([5], 3) },
      MessageType.MsgAppResp,
      false,
    ],
    [
      "an append rejected",
      { type: MessageType.MsgApp, term: 5, index: 7, logTerm: 4 },
      MessageType.MsgAppResp,
      true,
    ],
  ] as const)("%s", (_name, request, type, reject) => {
    const { node } = start({ terms: [1, 1], term: 4, config: { asyncStorageWrites: true } });
    from2(node, request);
    const { write, others } = writeOf(node);
    expect(others).toEqual([]);
    expect([write.term, write.vote]).toEqual([5, type === MessageType.MsgVoteResp && !reject ? 2n : 0n]);
    expect(write.responses[0]).toMatchObject({ type, to: 2n, term: 5, reject });
  });
});

test("a confirmed write of an earlier term confirms nothing that was overwritten meanwhile", () => {
  const { node, storage } = start({ terms: [1], term: 1, config: { asyncStorageWrites: true } });
  const append = (term: number, index: number): unknown =>
    from2(node, { type: MessageType.MsgApp, term, index: 1, logTerm: 1, entries: entriesOf([index], 2) });
  append(2, 2);
  const first = writeOf(node).write;
  append(3, 3); // another leader overwrites
  const second = writeOf(node).write;
  append(4, 2); // the first is back, with the same entry as before
  const third = writeOf(node).write;
  const confirm = (write: Message): void => {
    storage.append(write.entries);
    for (const message of write.responses) if (message.to === 1n) node.step(message);
  };
  confirm(first);
  from2(node, { type: MessageType.MsgHeartbeat, term: 4, commit: 2 });
  const applied = (): number[] =>
    node
      .ready()
      .messages.filter((message) => message.type === MessageType.MsgStorageApply)
      .flatMap((message) => message.entries.map((entry) => entry.index));
  expect(applied()).toEqual([1]); // 2 is committed, but the other leader's write is still on its way to the disk
  confirm(second);
  expect(node.hasReady()).toBe(false);
  confirm(third);
  expect(applied()).toEqual([2]);
});

describe("committed entries of a Ready", () => {
  test("are at least one, however large, and follow each other without a gap", () => {
    const { node, storage } = start({ config: { maxCommittedSizePerReady: 1 } });
    const entries = [1, 2, 3].map((index) =>
      createEntry(EntryType.EntryNormal, 1, index, new Uint8Array(1000)),
    );
    from2(node, { type: MessageType.MsgApp, term: 1, entries, commit: 3 });
    const pages: number[][] = [];
    while (node.hasReady()) {
      const ready = node.ready();
      storage.append(ready.entries);
      pages.push(ready.committedEntries.map((entry) => entry.index));
      node.advance();
    }
    expect(pages).toEqual([[1], [2], [3]]);
  });

  test("are none while a snapshot is to be installed, and go on behind it", () => {
    const { node, storage } = start({ terms: [1], term: 1, commit: 1 });
    const snapshot = { data: emptyBytes, metadata: { confState, index: 8, term: 1 } };
    from2(node, { type: MessageType.MsgSnap, term: 1, snapshot });
    from2(node, {
      type: MessageType.MsgApp,
      term: 1,
      index: 8,
      logTerm: 1,
      entries: entriesOf([1], 9),
      commit: 9,
    });
    const ready = node.ready();
    expect([ready.snapshot, ready.committedEntries]).toEqual([snapshot, []]);
    storage.applySnapshot(snapshot);
    storage.append(ready.entries);
    node.advance();
    expect(node.ready().committedEntries.map((entry) => entry.index)).toEqual([9]);
  });
});

describe("a proposal", () => {
  test("made while nobody leads is dropped, and is not there once somebody does", () => {
    const { node, storage } = start();
    expect(node.propose(Uint8Array.of(1))).toBe("proposal-dropped");
    node.campaign();
    expect(node.propose(Uint8Array.of(2))).toBe("proposal-dropped"); // as a candidate
    from2(node, { type: MessageType.MsgVoteResp, term: 1 });
    while (node.hasReady()) {
      storage.append(node.ready().entries);
      node.advance();
    }
    expect(node.basicStatus().softState.role).toBe(StateRole.StateLeader);
    expect(storage.entries(1, storage.lastIndex() + 1, Infinity)).toEqual(entriesOf([1]));
  });

  test("that a follower forwards names the follower, not the leader, as its sender", () => {
    const { node } = start();
    from2(node, { type: MessageType.MsgHeartbeat, term: 1 });
    expect(node.propose(Uint8Array.of(1))).toBe("accepted");
    const forwarded = node.ready().messages.filter(({ type }) => type === MessageType.MsgProp);
    expect(forwarded).toMatchObject([{ from: 1n, to: 2n, term: 0 }]);
  });
});

test("after a restart term, vote and commit index are those of the hard state, and none is written again", () => {
  const { storage } = start({ terms: [1, 2, 2], term: 3 });
  storage.setHardState({ term: 3, vote: 2n, commit: 2 });
  const fixed = { id: 1n, electionTick: 10, heartbeatTick: 1, random: () => 0, maxInflightMsgs: 256 };
  const node = new RawNode({ ...fixed, storage, maxSizePerMsg: Infinity, applied: 1 });
  expect(node.basicStatus().hardState).toEqual({ term: 3, vote: 2n, commit: 2 });
  const ready = node.ready();
  expect(ready).toMatchObject({ hardState: null, entries: [], messages: [], mustSync: false });
  expect(ready.committedEntries.map((entry) => entry.index)).toEqual([2]);
});
