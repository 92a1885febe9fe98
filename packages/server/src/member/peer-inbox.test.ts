/** What is turned back at the door: none of it may reach raft, where some of it would stop the member. */
import { createEntry, createMessage, EntryType, MessageType, type Message } from "@quorate/raft";
import { beforeAll, expect, test } from "vitest";
import { PeerInbox } from "./peer-inbox.js";
import { TestCluster, type ClusterMember } from "./testing/cluster-fixture.js";

let cluster: TestCluster;
let follower: ClusterMember;

beforeAll(async () => {
  cluster = await TestCluster.create([1n, 2n, 3n]);
  await cluster.advance(2500);
  const other = [...cluster.members.values()].find((each) => each !== cluster.leader);
  if (other === undefined) throw new Error("no follower");
  follower = other;
});

function inboxOf(at: ClusterMember): PeerInbox {
  return new PeerInbox({
    memberId: at.id,
    member: at.member,
    membership: () => at.cluster.membership,
    report: { info: () => undefined, warn: () => undefined },
    takeDatabase: (_metadata, _path, step) => Promise.resolve(step()),
    onRemoved: () => undefined,
  });
}

const CONF_STATE = {
  voters: [1n, 2n, 3n],
  learners: [],
  votersOutgoing: [],
  learnersNext: [],
  autoLeave: false,
};

test.each<[string, () => Message]>([
  [
    "a proposal of nothing",
    () => createMessage({ type: MessageType.MsgProp, from: follower.id, to: cluster.leader.id }),
  ],
  [
    "a proposal of a change in the newer form, which no member could apply",
    () =>
      createMessage({
        type: MessageType.MsgProp,
        from: follower.id,
        to: cluster.leader.id,
        entries: [createEntry(EntryType.EntryConfChangeV2, 0, 0, new Uint8Array(0))],
      }),
  ],
  [
    "a proposal of a change that can't be read",
    () =>
      createMessage({
        type: MessageType.MsgProp,
        from: follower.id,
        to: cluster.leader.id,
        entries: [createEntry(EntryType.EntryConfChange, 0, 0, Uint8Array.of(0xff, 0xff))],
      }),
  ],
  [
    "a read without a request",
    () => createMessage({ type: MessageType.MsgReadIndex, from: follower.id, to: cluster.leader.id }),
  ],
  [
    "a message from nobody",
    () => createMessage({ type: MessageType.MsgHeartbeat, from: 0n, to: cluster.leader.id }),
  ],
  [
    "a message from oneself",
    () =>
      createMessage({ type: MessageType.MsgVote, from: cluster.leader.id, to: cluster.leader.id, term: 99 }),
  ],
  [
    "a snapshot without its database",
    () =>
      createMessage({
        type: MessageType.MsgSnap,
        from: follower.id,
        to: cluster.leader.id,
        term: 99,
        snapshot: { data: new Uint8Array(0), metadata: { index: 999, term: 99, confState: CONF_STATE } },
      }),
  ],
])("%s is refused, and the member goes on", async (_what, make) => {
  expect(inboxOf(cluster.leader).receive(make())).toBe("failed");
  await cluster.advance(1000);
  expect(cluster.fatal).toEqual([]);
  expect(cluster.leader.member.stopped).toBe(false);
});

test("a message for another member is told from one of a removed member", () => {
  const inbox = inboxOf(cluster.leader);
  const stray = createMessage({ type: MessageType.MsgHeartbeat, from: follower.id, to: 99n });
  expect(inbox.receive(stray)).toBe("mismatched-member");
});
