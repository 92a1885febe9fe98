import { readdir, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { createMessage, MessageType, type Message } from "@quorate/raft";
import { afterEach, describe, expect, test } from "vitest";
import type { OutgoingSnapshot } from "../member/peer-ports.js";
import { encodeMessage } from "./codec/message-encoder.js";
import { exchange, introduce, PeerNode, until, type PeerNodeOptions } from "./testing/peer-node.js";

const nodes: PeerNode[] = [];
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
});

async function start(options: PeerNodeOptions): Promise<PeerNode> {
  const node = await PeerNode.start(options);
  nodes.push(node);
  return node;
}

function snapMessage(index: number): Message {
  return createMessage({
    type: MessageType.MsgSnap,
    from: 1n,
    to: 2n,
    term: 3,
    snapshot: {
      data: new Uint8Array(0),
      metadata: {
        confState: { voters: [1n, 2n], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
        index,
        term: 3,
      },
    },
  });
}

interface TestSnapshot extends OutgoingSnapshot {
  released: number;
}

function snapshotOf(index: number, chunks: () => AsyncGenerator<Uint8Array>): TestSnapshot {
  const snapshot: TestSnapshot = {
    message: snapMessage(index),
    chunks: chunks(),
    released: 0,
    release: () => (snapshot.released += 1),
  };
  return snapshot;
}

/** A body whose bytes tell their place. */
async function* patterned(count: number, bytes: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) {
    await Promise.resolve();
    yield Buffer.alloc(bytes, i);
  }
}

/** Its first chunk comes, the next one never does, until it is given up. */
async function* endless(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(1000);
  await new Promise(() => undefined);
}

const FILE = "00000000000000ff.snap.db";

describe("a database", () => {
  test("of 50 MB arrives whole under its final name, and heartbeats overtake it", async () => {
    const one = await start({ id: 1n });
    const two = await start({ id: 2n });
    introduce(one, two);
    const snapshot = snapshotOf(255, () => patterned(200, 256 * 1024));
    one.transport.sendSnapshot(snapshot);
    one.transport.send(createMessage({ type: MessageType.MsgHeartbeat, from: 1n, to: 2n, term: 3 }));
    await until(() => two.received.length === 1);
    expect(two.snapshots).toHaveLength(0);
    await until(() => one.snapshotReports.length === 1);
    expect(one.snapshotReports).toEqual([{ id: 2n, delivered: true }]);
    expect(snapshot.released).toBe(1);
    expect(two.snapshots).toEqual([{ message: snapshot.message, path: join(two.directory, FILE) }]);
    const bytes = await readFile(join(two.directory, FILE));
    expect(bytes.length).toBe(200 * 256 * 1024);
    for (let i = 0; i < 200; i++) expect(bytes[i * 256 * 1024 + 77]).toBe(i);
    expect(await readdir(two.directory)).toEqual([FILE]);
  });

  test("that is unsound is refused and leaves no file", async () => {
    const one = await start({ id: 1n });
    const two = await start({ id: 2n, verifyDatabase: () => Promise.resolve("its checksum is wrong") });
    introduce(one, two);
    one.transport.sendSnapshot(snapshotOf(255, () => patterned(3, 1000)));
    await until(() => one.snapshotReports.length === 1);
    expect(one.snapshotReports).toEqual([{ id: 2n, delivered: false }]);
    expect(two.snapshots).toEqual([]);
    expect(await readdir(two.directory)).toEqual([]);
  });

  test("whose source fails is not delivered and leaves no file", async () => {
    const one = await start({ id: 1n });
    const two = await start({ id: 2n });
    introduce(one, two);
    const snapshot = snapshotOf(255, async function* () {
      yield* patterned(30, 100_000);
      throw new Error("disk gone");
    });
    one.transport.sendSnapshot(snapshot);
    await until(
      () => one.snapshotReports.length === 1 && two.told("failed to save incoming database snapshot") === 1,
    );
    expect(one.snapshotReports).toEqual([{ id: 2n, delivered: false }]);
    expect(snapshot.released).toBe(1);
    await until(() => one.unreachable.length === 1);
    expect(await readdir(two.directory)).toEqual([]);
    expect(two.snapshots).toEqual([]);
  });

  test("is the only one on its way to a peer", async () => {
    const one = await start({ id: 1n });
    const two = await start({ id: 2n });
    introduce(one, two);
    const first = snapshotOf(1, endless);
    const second = snapshotOf(2, () => patterned(1, 10));
    one.transport.sendSnapshot(first);
    one.transport.sendSnapshot(second);
    await until(() => one.snapshotReports.length === 1);
    expect([first.released, second.released]).toEqual([0, 1]);
    one.transport.removePeer(2n);
    expect(one.snapshotReports).toEqual([
      { id: 2n, delivered: false },
      { id: 2n, delivered: false },
    ]);
    expect(first.released).toBe(1);
  });

  test("for a member that is not known or not there fails and is released", async () => {
    const one = await start({ id: 1n });
    const unknown = snapshotOf(1, () => patterned(1, 10));
    one.transport.sendSnapshot(unknown);
    one.transport.addPeer(3n, ["http://127.0.0.1:1"]);
    const unreachable = { ...snapshotOf(1, () => patterned(1, 10)), message: { ...snapMessage(1), to: 3n } };
    one.transport.sendSnapshot(unreachable);
    await until(() => one.snapshotReports.length === 2);
    expect(one.snapshotReports).toEqual([
      { id: 2n, delivered: false },
      { id: 3n, delivered: false },
    ]);
    expect(unknown.released).toBe(1);
  });

  test("that is sent to a removed member's port ends the sender when it is the removed one", async () => {
    const one = await start({ id: 1n });
    const two = await start({ id: 2n });
    two.reception = "removed-member";
    introduce(one, two);
    one.transport.sendSnapshot(snapshotOf(1, () => patterned(1, 10)));
    await until(() => one.removedReasons.length === 1);
    expect(one.snapshotReports).toEqual([{ id: 2n, delivered: false }]);
  });

  test("does not travel as a message", async () => {
    const one = await start({ id: 1n });
    one.transport.send(snapMessage(1));
    await until(() => one.snapshotReports.length === 1);
    expect(one.snapshotReports).toEqual([{ id: 2n, delivered: false }]);
  });
});

describe("the receiver", () => {
  const head = "POST /raft/snapshot HTTP/1.1\r\nHost: x\r\nX-Server-From: 1\r\nX-Server-Version: 3.7.0\r\n";
  const tail =
    "X-Min-Cluster-Version: 3.0.0\r\nX-Etcd-Cluster-ID: c1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";

  function chunk(bytes: Buffer): Buffer {
    return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
  }

  function framed(message: Message): Buffer {
    const bytes = encodeMessage(message);
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(bytes.length));
    return Buffer.concat([length, bytes]);
  }

  function post(node: PeerNode, body: Buffer): Promise<string> {
    const end = Buffer.from("0\r\n\r\n");
    return exchange(node.url, Buffer.concat([Buffer.from(head + tail), chunk(body), end]));
  }

  test("takes a message that comes in single bytes", async () => {
    const node = await start({ id: 2n });
    const body = Buffer.concat([framed(snapMessage(255)), Buffer.from("database")]);
    const chunks = [...body].map((byte) => chunk(Buffer.from([byte])));
    const answer = await exchange(
      node.url,
      Buffer.concat([Buffer.from(head + tail), ...chunks, Buffer.from("0\r\n\r\n")]),
    );
    expect(answer).toContain("HTTP/1.1 204 No Content");
    expect((await readFile(join(node.directory, FILE))).toString()).toBe("database");
  });

  test("keeps nothing of a body that ends before its end", async () => {
    const node = await start({ id: 2n });
    const body = Buffer.concat([framed(snapMessage(255)), Buffer.alloc(3_000_000)]);
    const socket = connect(Number(new URL(node.url).port), "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(Buffer.concat([Buffer.from(head + tail), chunk(body)]), () => socket.destroy());
    await until(() => node.told("failed to save incoming database snapshot") === 1);
    expect(await readdir(node.directory)).toEqual([]);
    expect(node.snapshots).toEqual([]);
  });

  test("answers 400 to a body that is no snapshot", async () => {
    const node = await start({ id: 2n });
    const limit = Buffer.from("0000000004000001", "hex");
    expect(await post(node, limit)).toContain("failed to decode raft message (error limit exceeded)\n");
    expect(await post(node, Buffer.from("0000000000000002ffff", "hex"))).toContain("400 Bad Request");
    expect(await post(node, Buffer.from("00000000", "hex"))).toContain("(unexpected EOF)\n");
    const wrong = framed(createMessage({ type: MessageType.MsgApp, from: 1n, to: 2n }));
    expect(await post(node, wrong)).toContain("wrong raft message type\n");
    expect(await readdir(node.directory)).toEqual([]);
  });

  test("removes what an earlier process left unfinished, and keeps a finished database", async () => {
    const node = await start({ id: 2n });
    await writeFile(join(node.directory, "db.tmp17-1"), "half");
    await writeFile(join(node.directory, FILE), "there before");
    const body = Buffer.concat([framed(snapMessage(255)), Buffer.from("database")]);
    expect(await post(node, body)).toContain("204");
    expect(await readdir(node.directory)).toEqual([FILE]);
    expect((await readFile(join(node.directory, FILE))).toString()).toBe("there before");
  });

  test("gives an older transfer up when its sender begins anew", async () => {
    const node = await start({ id: 2n });
    const socket = connect(Number(new URL(node.url).port), "127.0.0.1");
    socket.on("error", () => undefined);
    const closed = new Promise((resolve) => socket.on("close", resolve));
    socket.resume();
    socket.write(Buffer.concat([Buffer.from(head + tail), chunk(framed(snapMessage(254)))]));
    await until(() => node.told("receiving database snapshot") === 1);
    const body = Buffer.concat([framed(snapMessage(255)), Buffer.from("database")]);
    expect(await post(node, body)).toContain("204");
    await closed;
    await until(() => node.told("failed to save incoming database snapshot") === 1);
    expect(await readdir(node.directory)).toEqual([FILE]);
  });

  test.each([
    ["failed", "500 Internal Server Error", "failed to process raft message"],
    ["removed-member", "403 Forbidden", `{"message":"cannot process message from removed member"}`],
    ["mismatched-member", "412 Precondition Failed", "to field mismatch"],
  ] as const)("tells the sender when the member says %s", async (reception, status, text) => {
    const node = await start({ id: 2n });
    node.reception = reception;
    const answer = await post(node, Buffer.concat([framed(snapMessage(255)), Buffer.from("db")]));
    expect(answer).toContain(status);
    expect(answer).toContain(text);
    expect(await readdir(node.directory)).toEqual([]);
  });
});
