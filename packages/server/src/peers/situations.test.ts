/**
 * Situations between peers that are easy to get wrong, played by a peer that answers as it is told. The list, with those that
 * other tests cover, is docs/reference/situations.md.
 */
import {
  createEntry,
  createMessage,
  emptySnapshot,
  MessageType,
  type Message,
  type MessageFields,
} from "@quorate/raft";
import { afterEach, describe, expect, test, vi } from "vitest";
import { PeerNode, until } from "./testing/peer-node.js";
import { ScriptedPeer } from "./testing/scripted-peer.js";
import { UrlPicker } from "./url-picker.js";

const stops: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((one) => one.stop()));
});

/** Member 1, and the peer 2 that it knows. */
async function start(): Promise<{ node: PeerNode; peer: ScriptedPeer }> {
  const peer = await ScriptedPeer.start();
  const node = await PeerNode.start({ id: 1n });
  stops.push(node, peer);
  node.transport.addPeer(2n, [peer.url]);
  return { node, peer };
}

const message = (type: MessageType, fields: Omit<MessageFields, "type"> = {}): Message =>
  createMessage({ type, from: 1n, to: 2n, term: 5, ...fields });
const heartbeat = message(MessageType.MsgHeartbeat);
const append = message(MessageType.MsgApp, {
  index: 1,
  logTerm: 5,
  entries: [createEntry(0, 5, 2, Uint8Array.of(1))],
});
const REMOVED = "the member has been permanently removed from the cluster";

describe("a post", () => {
  test.each([200, 201])("that is answered with %d has failed", async (status) => {
    const { node, peer } = await start();
    peer.postStatus = status;
    node.transport.send(message(MessageType.MsgVote));
    await until(() => node.unreachable.length === 1);
    expect(peer.posts.map((one) => one.path)).toEqual(["/raft"]);
    expect(node.removedReasons).toEqual([]);
  });

  test("that is answered with 204 has succeeded", async () => {
    const { node, peer } = await start();
    node.transport.send(message(MessageType.MsgVote));
    await until(() => node.transport.activeSinceMs(2n) !== undefined);
    expect([peer.posts.length, node.unreachable]).toEqual([1, []]);
  });

  test.each([200, 204])(
    "of a database that is answered with %d: only 204 says that it is there",
    async (status) => {
      const { node, peer } = await start();
      peer.postStatus = status;
      const chunks = (async function* () {
        yield Buffer.from("database");
      })();
      node.transport.sendSnapshot({
        message: message(MessageType.MsgSnap, { snapshot: emptySnapshot }),
        chunks,
        release: () => undefined,
      });
      await until(() => node.snapshotReports.length === 1);
      expect(node.snapshotReports).toEqual([{ id: 2n, delivered: status === 204 }]);
      expect(peer.posts.map((one) => one.path)).toEqual(["/raft/snapshot"]);
    },
  );
});

describe("a refusal", () => {
  test.each([404, 405, 412])(
    "of a post with %d does not end the member, and the next post is tried",
    async (status) => {
      const { node, peer } = await start();
      peer.postStatus = status;
      node.transport.send(message(MessageType.MsgVote));
      await until(() => node.unreachable.length === 1);
      node.transport.send(message(MessageType.MsgVote));
      await until(() => node.unreachable.length === 2);
      expect([peer.posts.length, node.removedReasons]).toEqual([2, []]);
    },
  );

  test.each([404, 405, 412])(
    "of a stream with %d does not end the member, and it is dialled again",
    async (status) => {
      const { node, peer } = await start();
      peer.streamStatus = status;
      await until(() => peer.dials.length >= 4);
      expect(node.removedReasons).toEqual([]);
    },
  );

  test("of a post with 403 ends the member", async () => {
    const { node, peer } = await start();
    peer.postStatus = 403;
    node.transport.send(message(MessageType.MsgVote));
    await until(() => node.removedReasons.length > 0);
    expect(node.removedReasons).toEqual([REMOVED]);
  });

  test("of a post with 403, because the message is for somebody else, ends nobody", async () => {
    const { node, peer } = await start();
    peer.postStatus = 403;
    peer.postText = '{"message":"cannot process message to mismatch member"}';
    node.transport.send(message(MessageType.MsgVote));
    await until(() => node.unreachable.length === 1);
    expect([peer.posts.length, node.removedReasons]).toEqual([1, []]);
    peer.postText = '{"message":"cannot process message from removed member"}';
    node.transport.send(message(MessageType.MsgVote));
    await until(() => node.removedReasons.length > 0);
    expect(node.removedReasons).toEqual([REMOVED]);
  });

  test("of a stream with 410 ends the member", async () => {
    const { node, peer } = await start();
    peer.streamStatus = 410;
    await until(() => node.removedReasons.length > 0);
    expect(node.removedReasons).toEqual([REMOVED]);
  });
});

describe("the way of a message", () => {
  test("with both streams up: appends by theirs, all else by the general one", async () => {
    const { node, peer } = await start();
    const [general, appends] = [await peer.dial(node, "message"), await peer.dial(node, "msgapp")];
    node.transport.send(append);
    node.transport.send(heartbeat);
    await until(() => appends.messages.length === 1 && general.messages.length === 1);
    expect([appends.messages, general.messages, peer.posts]).toEqual([[append], [heartbeat], []]);
  });

  test("with the general stream alone: everything by it", async () => {
    const { node, peer } = await start();
    const general = await peer.dial(node, "message");
    node.transport.send(append);
    node.transport.send(heartbeat);
    await until(() => general.messages.length === 2);
    // Heartbeats overtake what is large.
    expect([general.messages, peer.posts]).toEqual([[heartbeat, append], []]);
  });

  test("with the stream of appends alone: appends by it, all else by posts", async () => {
    const { node, peer } = await start();
    const appends = await peer.dial(node, "msgapp");
    node.transport.send(append);
    node.transport.send(heartbeat);
    await until(() => appends.messages.length === 1 && peer.posts.length === 1);
    expect(appends.messages).toEqual([append]);
    expect(peer.posts[0]).toEqual({ path: "/raft", message: heartbeat });
  });
});

describe("a stream", () => {
  test("of a kind that is there already takes its place, and the older one is closed", async () => {
    const { node, peer } = await start();
    const older = await peer.dial(node, "message");
    const newer = await peer.dial(node, "message");
    await until(() => older.closed);
    node.transport.send(heartbeat);
    await until(() => newer.messages.length === 1);
    expect([older.messages, newer.closed, peer.posts]).toEqual([[], false, []]);
  });

  test("that dies with messages on it reports the peer as unreachable, and posts take over", async () => {
    const { node, peer } = await start();
    const stream = await peer.dial(node, "message");
    stream.pause();
    const large = message(MessageType.MsgProp, {
      entries: [createEntry(0, 0, 0, new Uint8Array(16 * 1024 * 1024))],
    });
    node.transport.send(large);
    node.transport.send(large); // waits behind the first
    await new Promise((resolve) => setImmediate(resolve));
    expect(node.unreachable).toEqual([]);
    stream.cut();
    await until(() => node.unreachable.length > 0);
    node.transport.send(heartbeat);
    await until(() => peer.posts.length === 1);
    expect(peer.posts[0]).toEqual({ path: "/raft", message: heartbeat });
  });

  test("whose answer names no version is given up, and dialled again", async () => {
    const { node, peer } = await start();
    peer.streamStatus = 200;
    peer.namesVersion = false;
    await until(() => peer.dials.length >= 4);
    expect(node.told("established TCP streaming connection with remote peer")).toBe(0);
    expect(node.transport.activeSinceMs(2n)).toBeUndefined();
    expect([node.received, node.removedReasons]).toEqual([[], []]);
  });

  test("brings link heartbeats that raft never hears of", async () => {
    const { node, peer } = await start();
    peer.streamStatus = 200;
    await until(() => node.told("established TCP streaming connection with remote peer") === 2);
    const real = message(MessageType.MsgHeartbeat, { from: 2n, to: 1n });
    for (let i = 0; i < 3; i++) peer.writeLinkHeartbeats();
    peer.write("message", real);
    await until(() => node.received.length > 0);
    expect(node.received).toEqual([real]);
  });
});

test("a database that its receiver does not take keeps no heartbeat waiting, neither by stream nor by post", async () => {
  const { node, peer } = await start();
  peer.takesDatabases = false;
  let chunkCount = 0;
  const release = vi.fn();
  node.transport.sendSnapshot({
    message: message(MessageType.MsgSnap, { snapshot: emptySnapshot }),
    chunks: (async function* () {
      for (;;) {
        // A turn of its own for each, so that a sender which does not wait for the receiver would go on for ever.
        await new Promise((resolve) => setImmediate(resolve));
        chunkCount += 1;
        yield Buffer.alloc(1024 * 1024);
      }
    })(),
    release,
  });
  for (let before = -1; before !== chunkCount || chunkCount === 0;) {
    before = chunkCount;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  node.transport.send(heartbeat);
  await until(() => peer.posts.length === 1);
  const general = await peer.dial(node, "message");
  node.transport.send(heartbeat);
  await until(() => general.messages.length === 1);
  expect([release.mock.calls, node.snapshotReports]).toEqual([[], []]); // still on its way
});

test("of a peer's URLs the next is used when the one in use fails, not when another does; new ones start anew", () => {
  const picker = new UrlPicker(["http://a", "http://b"]);
  picker.unreachable("http://b");
  expect(picker.pick()).toBe("http://a");
  picker.unreachable("http://a");
  expect(picker.pick()).toBe("http://b");
  picker.unreachable("http://a"); // an older attempt that took longer to fail
  expect(picker.pick()).toBe("http://b");
  picker.update(["http://c", "http://d"]);
  expect(picker.pick()).toBe("http://c");
  picker.unreachable("http://c");
  picker.unreachable("http://d");
  expect(picker.pick()).toBe("http://c");
});
