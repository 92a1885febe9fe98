/** Changing the membership, moving the leader, downgrades and backups, as clients meet them. */
import { createHash } from "node:crypto";
import {
  create,
  etcdserverpb as pb,
  fromBinary,
  GrpcStatus,
  toBinary,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@quorate/proto";
import { beforeEach, describe, expect, test } from "vitest";
import { FakeCluster } from "../cluster/testing/fake-cluster.js";
import { DOWNLOADS_MAX } from "./maintenance-service.js";
import type { SnapshotPort } from "./ports/snapshot-port.js";
import { registerServices } from "./register-services.js";
import { SNAPSHOT_PIECE_BYTES } from "./snapshot-call.js";
import { FakeTransport, type Answer, type FakeCall } from "./testing/fake-calls.js";
import { FakeMember } from "./testing/fake-member.js";
import { TEST_SERVICE_OPTIONS } from "./testing/service-options.js";

const NEW_ID = 14544069596553697298n;

let member: FakeMember;
let cluster: FakeCluster;
let transport: FakeTransport;
let database: Uint8Array[];
let announcedBytes: number | undefined;
let openCount: number;

const snapshots: SnapshotPort = {
  openDatabase: () => {
    openCount += 1;
    const sizeBytes = announcedBytes ?? database.reduce((sum, chunk) => sum + chunk.length, 0);
    return Promise.resolve({
      sizeBytes,
      version: "3.7.0",
      chunks: chunksOf(database),
      release: () => void (openCount -= 1),
    });
  },
};

async function* chunksOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await Promise.resolve();
    yield chunk;
  }
}

beforeEach(async () => {
  member = await FakeMember.create();
  cluster = new FakeCluster("m1", "m2", "m3");
  transport = new FakeTransport();
  database = [];
  announcedBytes = undefined;
  openCount = 0;
  registerServices(transport, member, {
    ...TEST_SERVICE_OPTIONS,
    cluster: cluster.operations({ computeId: () => NEW_ID }),
    snapshots,
    createDigest: () => {
      const hash = createHash("sha256");
      return { update: (bytes) => void hash.update(bytes), finish: () => hash.digest() };
    },
  });
});

type Schemas<In extends DescMessage, Out extends DescMessage> = readonly [In, Out];

async function ask<In extends DescMessage, Out extends DescMessage>(
  path: string,
  schemas: Schemas<In, Out>,
  request: MessageInitShape<In>,
): Promise<MessageShape<Out> | Answer["error"]> {
  const bytes = toBinary(schemas[0], create(schemas[0], request));
  const { messages, error } = await transport.call(`etcdserverpb.${path}`, bytes);
  return error ?? fromBinary(schemas[1], messages[0] ?? new Uint8Array(0));
}

const ADD = [pb.MemberAddRequestSchema, pb.MemberAddResponseSchema] as const;
const UPDATE = [pb.MemberUpdateRequestSchema, pb.MemberUpdateResponseSchema] as const;
const REMOVE = [pb.MemberRemoveRequestSchema, pb.MemberRemoveResponseSchema] as const;
const PROMOTE = [pb.MemberPromoteRequestSchema, pb.MemberPromoteResponseSchema] as const;
const MOVE = [pb.MoveLeaderRequestSchema, pb.MoveLeaderResponseSchema] as const;
const DOWNGRADE = [pb.DowngradeRequestSchema, pb.DowngradeResponseSchema] as const;
const BAD_URLS = {
  code: GrpcStatus.InvalidArgument,
  message: "etcdserver: given member URLs are invalid",
};

describe("MemberAdd", () => {
  test("answers with the newcomer as far as it is known, and all members; the header has no revision", async () => {
    const request = { peerURLs: [" http://b:1 ", "http://a:1"], isLearner: true };
    const answer = await ask("Cluster/MemberAdd", ADD, request);
    expect(answer).toMatchObject({
      header: { clusterId: member.clusterId, memberId: member.memberId, revision: 0n, raftTerm: 3n },
      member: {
        ID: NEW_ID,
        name: "",
        peerURLs: ["http://a:1", "http://b:1"],
        clientURLs: [],
        isLearner: true,
      },
    });
    const ids = (answer as pb.MemberAddResponse).members.map(({ ID }) => ID);
    expect(ids).toEqual([1n, 2n, 3n, NEW_ID]);
  });

  test.each([
    [[]],
    [[""]],
    [["a:1"]],
    [["ftp://a:1"]],
    [["http://a"]],
    [["http://a:1/"]],
    [["http://a:1/path"]],
    [["http://a:x"]],
    [["http://a:65536"]],
    [["http://a:1", "b:1"]],
    [["http://a:1,http://b:1"]],
  ])("URLs %j are refused before anything else", async (peerURLs) => {
    expect(await ask("Cluster/MemberAdd", ADD, { peerURLs })).toEqual(BAD_URLS);
    expect(cluster.wishes).toEqual([]);
  });

  test.each([
    [["https://a:1"]],
    [["http://[::1]:2380"]],
    [["unix://localhost:m1"]],
    [["http://10.0.0.9:2380"]],
  ])("URLs %j are taken", async (peerURLs) => {
    expect(await ask("Cluster/MemberAdd", ADD, { peerURLs })).toMatchObject({ member: { peerURLs } });
  });

  test("a cluster that is too unhealthy to grow", async () => {
    cluster.activeSince.delete(3n);
    expect(await ask("Cluster/MemberAdd", ADD, { peerURLs: ["http://a:1"] })).toEqual({
      code: GrpcStatus.Unavailable,
      message: "etcdserver: unhealthy cluster",
    });
  });
});

describe("MemberUpdate, MemberRemove, MemberPromote", () => {
  test.each([[[]], [["nonsense"]], [["http://a:1/"]]])("URLs %j never reach the log", async (peerURLs) => {
    expect(await ask("Cluster/MemberUpdate", UPDATE, { ID: 2n, peerURLs })).toEqual(BAD_URLS);
    expect(cluster.wishes).toEqual([]);
  });

  test("an update shows in the list", async () => {
    const answer = await ask("Cluster/MemberUpdate", UPDATE, { ID: 2n, peerURLs: ["http://x:1"] });
    expect((answer as pb.MemberUpdateResponse).members[1]).toMatchObject({
      ID: 2n,
      name: "m2",
      peerURLs: ["http://x:1"],
    });
  });

  test("a removal leaves the others", async () => {
    const answer = await ask("Cluster/MemberRemove", REMOVE, { ID: 3n });
    expect((answer as pb.MemberRemoveResponse).members.map(({ ID }) => ID)).toEqual([1n, 2n]);
    expect(await ask("Cluster/MemberRemove", REMOVE, { ID: 3n })).toEqual({
      code: GrpcStatus.NotFound,
      message: "etcdserver: member not found",
    });
  });

  test("too few started members: the code clients have learnt is Unknown", async () => {
    cluster = new FakeCluster("m1");
    transport = new FakeTransport();
    registerServices(transport, member, { ...TEST_SERVICE_OPTIONS, cluster: cluster.operations() });
    expect(await ask("Cluster/MemberRemove", REMOVE, { ID: 1n })).toEqual({
      code: GrpcStatus.Unknown,
      message: "etcdserver: re-configuration failed due to not enough started members",
    });
  });

  test("a voter cannot be promoted", async () => {
    expect(await ask("Cluster/MemberPromote", PROMOTE, { ID: 2n })).toEqual({
      code: GrpcStatus.FailedPrecondition,
      message: "etcdserver: can only promote a learner member",
    });
  });
});

describe("MoveLeader and Downgrade", () => {
  test("a follower does not move the leader, a leader only to a voter", async () => {
    expect(await ask("Maintenance/MoveLeader", MOVE, { targetID: 123n })).toEqual({
      code: GrpcStatus.FailedPrecondition,
      message: "etcdserver: bad leader transferee",
    });
    cluster.leader = 2n;
    expect(await ask("Maintenance/MoveLeader", MOVE, { targetID: 3n })).toEqual({
      code: GrpcStatus.FailedPrecondition,
      message: "etcdserver: not leader",
    });
  });

  test("moving to the leader itself answers at once, without a header", async () => {
    const answer = await ask("Maintenance/MoveLeader", MOVE, { targetID: 1n });
    expect(answer).toMatchObject({ $typeName: "etcdserverpb.MoveLeaderResponse" });
    expect((answer as pb.MoveLeaderResponse).header).toBeUndefined();
  });

  test("a downgrade answers with the header and the version without its patch", async () => {
    expect(await ask("Maintenance/Downgrade", DOWNGRADE, { version: "3.6" })).toMatchObject({
      header: { revision: 1n, raftTerm: 3n },
      version: "3.7",
    });
  });

  test.each<[MessageInitShape<typeof pb.DowngradeRequestSchema>, GrpcStatus, string]>([
    [{ version: "3.0" }, GrpcStatus.InvalidArgument, "etcdserver: invalid downgrade target version"],
    [{ version: "x" }, GrpcStatus.InvalidArgument, "etcdserver: wrong downgrade target version format"],
    [
      { action: 9 as pb.DowngradeRequest_DowngradeAction, version: "3.6" },
      GrpcStatus.Unknown,
      "etcdserver: unknown method",
    ],
  ])("%j is refused", async (request, code, message) => {
    expect(await ask("Maintenance/Downgrade", DOWNGRADE, request)).toEqual({ code, message });
  });
});

describe("Snapshot", () => {
  const start = (): FakeCall => transport.start("etcdserverpb.Maintenance/Snapshot", new Uint8Array(0));
  const pieces = ({ messages }: Pick<Answer, "messages">): pb.SnapshotResponse[] =>
    messages.map((message) => fromBinary(pb.SnapshotResponseSchema, message));
  const filled = (size: number, byte: number): Uint8Array => new Uint8Array(size).fill(byte);

  test.each([
    ["nothing", []],
    ["one byte", [1]],
    ["a multiple of the piece", [2 * SNAPSHOT_PIECE_BYTES]],
    ["chunks of all sizes", [5, 3 * SNAPSHOT_PIECE_BYTES + 7, 0, SNAPSHOT_PIECE_BYTES]],
  ])("%s, then the checksum of all", async (_what, sizes) => {
    database = sizes.map(filled);
    const whole = Buffer.concat(database);
    const answer = await start().answer;
    expect(answer.error).toBeUndefined();
    const all = pieces(answer);
    const last = all.pop();
    expect(Buffer.concat(all.map(({ blob }) => blob)).equals(whole)).toBe(true);
    expect(Buffer.from(last?.blob ?? []).equals(createHash("sha256").update(whole).digest())).toBe(true);
    expect(last).toMatchObject({ remainingBytes: 0n, version: "3.7.0" });
    let left = whole.length;
    for (const { blob, remainingBytes, version, header } of all) {
      left -= blob.length;
      expect(blob.length).toBeLessThanOrEqual(SNAPSHOT_PIECE_BYTES);
      expect([remainingBytes, version, header]).toEqual([BigInt(left), "3.7.0", undefined]);
    }
    await member.yieldTurn();
    expect(openCount).toBe(0);
  });

  test.each([
    ["shorter", 40_001, "the database lacks 1 of its 40001 bytes"],
    ["longer", 39_999, "the database has more than its 39999 bytes"],
  ])("a file that is %s than announced gets no checksum", async (_what, announced, message) => {
    database = [filled(40_000, 1)];
    announcedBytes = announced;
    const answer = await start().answer;
    expect(answer.error).toEqual({ code: GrpcStatus.Unknown, message });
    expect(pieces(answer).every(({ blob }) => blob.length !== 32)).toBe(true);
    expect(openCount).toBe(0);
  });

  test("a slow client is waited for", async () => {
    database = [filled(10 * SNAPSHOT_PIECE_BYTES, 1)];
    const call = start();
    call.hasRoom = false;
    await member.yieldTurn();
    expect(call.messages).toHaveLength(1);
    await member.yieldTurn();
    expect(call.messages).toHaveLength(1);
    call.drain();
    expect((await call.answer).messages).toHaveLength(11);
  });

  test("a client that leaves midway frees the database, and the next download works", async () => {
    database = [filled(10 * SNAPSHOT_PIECE_BYTES, 1), filled(5, 2)];
    const call = start();
    call.hasRoom = false;
    await member.yieldTurn();
    expect(openCount).toBe(1);
    call.cancel();
    await member.yieldTurn();
    expect(openCount).toBe(0);
    expect((await start().answer).error).toBeUndefined();
  });

  test("a client that leaves before the database is open frees it too", async () => {
    const call = start();
    call.cancel();
    await member.yieldTurn();
    expect([openCount, call.messages.length]).toEqual([0, 0]);
  });

  test("more downloads at once than a disk should hold are refused", async () => {
    database = [filled(2 * SNAPSHOT_PIECE_BYTES, 1)];
    const calls = Array.from({ length: DOWNLOADS_MAX }, () => start());
    for (const call of calls) call.hasRoom = false;
    expect((await start().answer).error?.code).toBe(GrpcStatus.ResourceExhausted);
    await member.yieldTurn();
    for (const call of calls) call.cancel();
    await member.yieldTurn();
    expect((await start().answer).error).toBeUndefined();
  });

  test("on a learner a backup can be taken, and nothing can be changed", async () => {
    member.isLearner = true;
    expect((await start().answer).error).toBeUndefined();
    const refused = {
      code: GrpcStatus.FailedPrecondition,
      message: "etcdserver: rpc not supported for learner",
    };
    expect(await ask("Cluster/MemberAdd", ADD, { peerURLs: ["http://a:1"] })).toEqual(refused);
    expect(await ask("Maintenance/MoveLeader", MOVE, { targetID: 1n })).toEqual(refused);
    expect(await ask("Maintenance/Downgrade", DOWNGRADE, { version: "3.6" })).toEqual(refused);
  });
});
