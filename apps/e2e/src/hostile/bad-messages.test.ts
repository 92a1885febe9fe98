import { ERRORS, GrpcStatus, etcdserverpb } from "@quorate/proto";
import { Prng } from "@quorate/std";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLIENT_METHODS, sendOnce, truncatedMessage } from "../harness/client-methods.js";
import { expectAlive } from "../harness/expect-alive.js";
import { lacksOffers, offers } from "../harness/offers.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { frameMessage, openCall, openSession, readStatus } from "../harness/raw-connection.js";
import { useMember } from "../harness/use-member.js";
import { WireClient } from "../harness/wire-client.js";

const seed = Number(process.env["E2E_SEED"] ?? Date.now() % 1_000_000);
const RANDOM_PER_METHOD = 20;
const PUT = "/etcdserverpb.KV/Put";
/** etcd's default for a request, and what gRPC takes on top of it. */
const REQUEST_BYTES_MAX = 1.5 * 1024 * 1024;
const GRPC_SLACK_BYTES = 512 * 1024;

const suite = "messages that are wrong";

describe.skipIf(missesPrograms(suite, [subjectKind]))(suite, () => {
  const member = useMember({ kind: subjectKind });
  let client: WireClient;
  beforeAll(() => {
    client = new WireClient(member().endpoint);
  });
  afterAll(() => client.close());

  for (const method of CLIENT_METHODS) {
    const what = `a truncated message is refused by ${method.path}`;
    it.skipIf(lacksOffers(what, [method.name]))(what, async () => {
      const ending = await sendOnce(client, method, truncatedMessage());
      expect(ending).toEqual({ ok: false, code: GrpcStatus.Internal });
      await expectAlive(member());
    });
  }

  it(`random bytes never take the server down (${RANDOM_PER_METHOD} for each method, seed ${seed})`, async () => {
    const prng = new Prng(seed);
    // Authentication stays off and members stay as they are, whatever the bytes happen to say.
    const harmless = CLIENT_METHODS.filter(
      ({ name, streamsOut }) =>
        !streamsOut && !/Auth|Cluster|Lock|Election|Downgrade/.test(name) && offers([name]),
    );
    expect(harmless).not.toEqual([]);
    for (const { path } of harmless) {
      const calls = Array.from({ length: RANDOM_PER_METHOD }, () => {
        const bytes = Uint8Array.from({ length: prng.below(200) }, () => prng.below(256));
        return client.callBytes(path, bytes, 10_000);
      });
      await Promise.all(calls);
    }
    await expectAlive(member());
  });

  it("a method nobody has is unimplemented", async () => {
    for (const path of ["/etcdserverpb.KV/Nothing", "/nothing.at.All/Range", "/etcdserverpb.KV/"]) {
      expect(await client.callBytes(path, new Uint8Array(0)), path).toMatchObject({
        ok: false,
        code: GrpcStatus.Unimplemented,
      });
    }
    expect(await client.callBytes("/", new Uint8Array(0))).toMatchObject({ ok: false });
    await expectAlive(member());
  });

  it("a request above the server's limit is too large, one above gRPC's limit is refused before it is read", async () => {
    const put = (bytes: number): ReturnType<WireClient["call"]> =>
      client.call(etcdserverpb.KV.method.put, { key: Buffer.from("big"), value: new Uint8Array(bytes) });
    const { code, message } = ERRORS["request-too-large"];
    expect(await put(REQUEST_BYTES_MAX)).toEqual({ ok: false, code, text: message });
    expect(await put(REQUEST_BYTES_MAX + GRPC_SLACK_BYTES)).toMatchObject({
      ok: false,
      code: GrpcStatus.ResourceExhausted,
      text: expect.stringMatching(/^grpc: received message larger than max \(\d+ vs\. 2097152\)$/) as string,
    });
    expect(await put(REQUEST_BYTES_MAX - 1_000)).toMatchObject({ ok: true });
    await expectAlive(member());
  });

  it("a frame that lies about its length or its compression ends its call and no other", async () => {
    const session = openSession(member().endpoint);
    const body = Buffer.from([0x0a, 1, 0x61]);
    const lies: readonly Buffer[] = [
      frameMessage(body, { length: 0xffff_ffff }),
      frameMessage(body, { length: 100 }),
      frameMessage(body, { flag: 1 }),
      frameMessage(body, { flag: 77 }),
      Buffer.from([0, 0]),
      Buffer.alloc(0),
    ];
    for (const lie of lies) {
      const stream = openCall(session, PUT);
      stream.end(lie);
      expect(await readStatus(stream), lie.toString("hex")).not.toBe("0");
      expect(session.closed || session.destroyed, lie.toString("hex")).toBe(false);
    }
    const stream = openCall(session, PUT);
    stream.end(frameMessage(body));
    expect(await readStatus(stream)).toBe("0");
    // One message too many is ignored by some gRPC servers and refused by others; it has to be one of the two.
    const twofold = openCall(session, PUT);
    twofold.end(Buffer.concat([frameMessage(body), frameMessage(body)]));
    expect(await readStatus(twofold)).toMatch(/^\d+$/);
    session.close();
    await expectAlive(member());
  });

  it("metadata that is wrong ends its call and no other", async () => {
    const session = openSession(member().endpoint);
    const wrong: readonly Record<string, string>[] = [
      { "grpc-timeout": "soon" },
      { "grpc-timeout": "99999999999S" },
      { "grpc-encoding": "made-up" },
      { token: "no.such.token" },
      { authorization: "Bearer " },
      { "content-type": "text/plain" },
      { "some-bin": "!!!not base64!!!" },
      { "x-long": "x".repeat(4_000) },
    ];
    for (const headers of wrong) {
      const stream = openCall(session, PUT, headers);
      stream.end(frameMessage(Buffer.from([0x0a, 1, 0x61])));
      await readStatus(stream);
    }
    session.close();
    await expectAlive(member());
  });
});
