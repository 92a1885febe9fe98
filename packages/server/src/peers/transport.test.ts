import { createServer, type AddressInfo, type Socket } from "node:net";
import { createEntry, createMessage, MessageType, type Message, type MessageFields } from "@quorate/raft";
import { afterEach, describe, expect, test } from "vitest";
import { STREAM_QUEUE_BYTES_MAX } from "./limits.js";
import { close, introduce, PeerNode, until, type PeerNodeOptions } from "./testing/peer-node.js";

const nodes: PeerNode[] = [];
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
});

async function start(options: PeerNodeOptions): Promise<PeerNode> {
  const node = await PeerNode.start(options);
  nodes.push(node);
  return node;
}

const ESTABLISHED = "established TCP streaming connection with remote peer";
const LOST = "lost TCP streaming connection with remote peer";

/** Two peers with all four streams up: each end of each stream tells so. */
async function startPair(options: Partial<PeerNodeOptions> = {}): Promise<[PeerNode, PeerNode]> {
  const one = await start({ ...options, id: 1n });
  const two = await start({ ...options, id: 2n });
  introduce(one, two);
  await until(() => one.told(ESTABLISHED) === 4 && two.told(ESTABLISHED) === 4);
  return [one, two];
}

function message(type: MessageType, fields: Omit<MessageFields, "type"> = {}): Message {
  return createMessage({ type, from: 1n, to: 2n, term: 5, ...fields });
}

function append(index: number, bytes = 10): Message {
  const entries = [createEntry(0, 5, index + 1, new Uint8Array(bytes).fill(index))];
  return message(MessageType.MsgApp, { index, logTerm: 5, entries, commit: index });
}

describe("two members", () => {
  test("get each message once, in the order of its channel", async () => {
    const [one, two] = await startPair();
    const sent: Message[] = [];
    for (let index = 0; index < 3000; index++) {
      sent.push(append(index, index % 700));
      sent.push(message(MessageType.MsgHeartbeat, { commit: index, context: Uint8Array.of(index % 256) }));
      if (index % 50 === 49) await new Promise((resolve) => setImmediate(resolve));
      for (const each of sent.slice(-2)) one.transport.send(each);
    }
    await until(() => two.received.length >= sent.length);
    for (const type of [MessageType.MsgApp, MessageType.MsgHeartbeat]) {
      const ofType = (list: readonly Message[]): readonly Message[] => list.filter((m) => m.type === type);
      expect(ofType(two.received)).toEqual(ofType(sent));
    }
    expect(two.received).toHaveLength(sent.length);
    expect(one.unreachable).toEqual([]);
  });

  test("exchange every kind of message that travels", async () => {
    const [one, two] = await startPair();
    const types = Object.values(MessageType).filter((type) => type !== MessageType.MsgSnap);
    for (const type of types) one.transport.send(message(type, { context: Uint8Array.of(1, 2) }));
    const local = [0, 1, 10, 11, 12, 19, 20, 21, 22];
    const expected = types.filter((type) => !local.includes(type));
    await until(() => two.received.length >= expected.length);
    expect(two.received.map((m) => m.type).sort((a, b) => a - b)).toEqual(expected);
  });

  test("know since when the other one answers, and forget it when it is gone", async () => {
    const [one, two] = await startPair();
    expect(one.transport.activeSinceMs(2n)).toBeLessThanOrEqual(performance.now());
    await two.stop();
    await until(() => one.transport.activeSinceMs(2n) === undefined);
    expect(one.told("peer became active")).toBe(1);
    expect(one.told("peer became inactive (message send to peer failed)")).toBe(1);
  });

  test("find each other again when connections are cut", async () => {
    const [one, two] = await startPair();
    for (let round = 1; round <= 3; round++) {
      two.cutConnections();
      await until(() => one.told(LOST) >= 2 * round && one.told(ESTABLISHED) >= 4 + 2 * round);
    }
    await until(() => two.told(LOST) >= 6 && two.told(ESTABLISHED) >= 10);
    expect(one.transport.activeSinceMs(2n)).toBeDefined();
    expect(two.transport.activeSinceMs(1n)).toBeDefined();
    one.received.length = 0;
    two.transport.send({ ...append(1), from: 2n, to: 1n });
    two.transport.send(message(MessageType.MsgHeartbeat, { from: 2n, to: 1n }));
    await until(() => one.received.length === 2);
    expect(one.received.map((m) => m.type).sort()).toEqual([MessageType.MsgApp, MessageType.MsgHeartbeat]);
  });

  test("speak by posts while no stream is up", async () => {
    const two = await start({ id: 2n });
    const one = await start({ id: 1n });
    // Two does not know One: it refuses its streams and dials none.
    one.transport.addPeer(2n, [two.url]);
    one.transport.send(append(1));
    one.transport.send(message(MessageType.MsgVote));
    await until(() => two.received.length === 2);
    // By One's requests Two has learned where it is, which is enough to answer.
    two.transport.send(message(MessageType.MsgVoteResp, { from: 2n, to: 1n }));
    await until(() => one.received.length === 1);
    expect(one.received[0]?.type).toBe(MessageType.MsgVoteResp);
  });

  test("drop what is for nobody or for somebody unknown", async () => {
    const [one, two] = await startPair();
    one.transport.send(message(MessageType.MsgHeartbeat, { to: 0n }));
    one.transport.send(message(MessageType.MsgHeartbeat, { to: 9n }));
    one.transport.send(message(MessageType.MsgHeartbeat));
    await until(() => two.received.length === 1);
    expect(one.received).toEqual([]);
    expect(one.unreachable).toEqual([]);
  });

  test("give up a stream that brings nothing, and dial again", async () => {
    const [one] = await startPair({ streamReadTimeoutMs: 300 });
    // Link heartbeats come every 1.7 s: too seldom for this deadline.
    await until(() => one.log.some((line) => line.fields["error"] === "read: i/o timeout"));
    const before = one.told(ESTABLISHED);
    await until(() => one.told(ESTABLISHED) > before);
  });

  test("stop with all connections closed", async () => {
    const [one, two] = await startPair();
    await one.stop();
    await two.stop();
    one.transport.send(message(MessageType.MsgHeartbeat));
    expect(one.unreachable).toEqual([]);
  });
});

describe("membership", () => {
  test("removing a peer ends its streams, and twice is harmless", async () => {
    const [one, two] = await startPair();
    one.transport.removePeer(2n);
    one.transport.removePeer(2n);
    await until(() => two.told(LOST) > 0);
    one.transport.send(message(MessageType.MsgHeartbeat));
    expect(one.transport.activeSinceMs(2n)).toBeUndefined();
    expect(one.told("removed remote peer")).toBe(1);
  });

  test("a member that was removed learns it when it dials", async () => {
    const one = await start({ id: 1n });
    const two = await start({ id: 2n });
    one.removedIds.add(2n);
    two.transport.addPeer(1n, [one.url]);
    await until(() => two.removedReasons.length > 0);
    expect(two.removedReasons).toEqual(["the member has been permanently removed from the cluster"]);
  });

  test("a member that was removed learns it when it posts", async () => {
    const one = await start({ id: 1n });
    const two = await start({ id: 2n });
    one.reception = "removed-member";
    two.transport.addPeer(1n, [one.url]);
    two.transport.send(message(MessageType.MsgVote, { from: 2n, to: 1n }));
    await until(() => two.removedReasons.length > 0);
    expect(two.unreachable).toEqual([1n]);
  });

  test("a peer whose URL changes is found at the new one", async () => {
    const one = await start({ id: 1n });
    const two = await start({ id: 2n });
    one.transport.addPeer(2n, ["http://127.0.0.1:1"]);
    two.transport.addPeer(1n, [one.url]);
    one.transport.updatePeer(2n, [two.url]);
    await until(() => one.told(ESTABLISHED) === 4);
    expect(one.transport.activeSinceMs(2n)).toBeDefined();
  });

  test("of several URLs the one that answers is found", async () => {
    const one = await start({ id: 1n });
    const two = await start({ id: 2n });
    one.transport.addPeer(2n, ["http://127.0.0.1:1", two.url]);
    two.transport.addPeer(1n, [one.url]);
    await until(() => one.told(ESTABLISHED) === 4);
    expect(two.told(ESTABLISHED)).toBe(4);
  });
});

describe("strangers", () => {
  test.each([
    [{ clusterId: 0xc2n }, "request sent was ignored by remote peer due to cluster ID mismatch"],
    [
      { serverVersion: "2.3.0" },
      "request sent was ignored by remote peer due to server version incompatibility",
    ],
  ])("a member with %o is refused and told so once", async (difference, told) => {
    const one = await start({ id: 1n });
    const two = await start({ id: 2n, ...difference });
    introduce(one, two);
    two.transport.send(message(MessageType.MsgVote, { from: 2n, to: 1n }));
    await until(() => two.told(told) === 1 && two.unreachable.length > 0);
    expect(one.received).toEqual([]);
    // Ten attempts a second go on without another line.
    await new Promise((resolve) => setTimeout(resolve, 350));
    expect(two.told(told)).toBe(1);
    expect(two.removedReasons).toEqual([]);
  });
});

describe("a slow peer", () => {
  /** A peer that takes our streams as a member does, and then reads nothing of them. */
  async function startDeafPeer(one: PeerNode): Promise<{ stop(): Promise<void>; url: string }> {
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const { connect } = await import("node:net");
    const target = new URL(one.url);
    const dial = (kind: string): void => {
      const socket = connect(Number(target.port), target.hostname);
      socket.on("error", () => undefined);
      socket.write(
        `GET /raft/stream/${kind}/2 HTTP/1.1\r\nHost: x\r\nX-Server-Version: 3.7.0\r\n` +
          `X-Min-Cluster-Version: 3.0.0\r\nX-Etcd-Cluster-ID: c1\r\nX-Raft-To: 1\r\n\r\n`,
      );
      socket.pause();
      sockets.push(socket);
    };
    const url = `http://127.0.0.1:${port}`;
    one.transport.addPeer(2n, [url]);
    dial("message");
    dial("msgapp");
    const stop = async (): Promise<void> => {
      for (const socket of sockets) socket.destroy();
      await close(server);
    };
    return { url, stop };
  }

  test("costs bounded memory: what does not fit is dropped and reported, and heartbeats still fit", async () => {
    const one = await start({ id: 1n });
    const deaf = await startDeafPeer(one);
    await until(() => one.told(ESTABLISHED) === 2);
    const messageBytes = 1024 * 1024;
    let most = 0;
    for (let index = 0; index < 3 * (STREAM_QUEUE_BYTES_MAX / messageBytes); index++) {
      one.transport.send(append(index, messageBytes));
      most = Math.max(most, one.transport.queuedBytes(2n));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(most).toBeGreaterThan(STREAM_QUEUE_BYTES_MAX / 2);
    expect(most).toBeLessThanOrEqual(STREAM_QUEUE_BYTES_MAX);
    expect(one.unreachable.length).toBeGreaterThan(0);
    const before = one.unreachable.length;
    one.transport.send(message(MessageType.MsgHeartbeat));
    await new Promise((resolve) => setImmediate(resolve));
    expect(one.unreachable.length).toBe(before);
    await deaf.stop();
  });
});
