import { Prng } from "@quorate/std";
import { describe, expect, it } from "vitest";
import { expectAlive } from "../harness/expect-alive.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { HTTP2_PREFACE, openSession, openSocket, sendAndForget } from "../harness/raw-connection.js";
import { useMember } from "../harness/use-member.js";

const seed = Number(process.env["E2E_SEED"] ?? Date.now() % 1_000_000);
const PATIENCE_MS = 500;
const IDLE_CONNECTIONS = 200;
const ABANDONED_STREAMS = 500;

const suite = "connections that are wrong";

describe.skipIf(missesPrograms(suite, [subjectKind]))(suite, () => {
  const member = useMember({ kind: subjectKind });

  it(`random bytes on the client port (seed ${seed})`, async () => {
    const prng = new Prng(seed);
    const random = (length: number): Buffer =>
      Buffer.from(Uint8Array.from({ length }, () => prng.below(256)));
    const attempts = [
      ...Array.from({ length: 20 }, () => random(1 + prng.below(5_000))),
      ...Array.from({ length: 20 }, () => Buffer.concat([HTTP2_PREFACE, random(1 + prng.below(5_000))])),
      HTTP2_PREFACE.subarray(0, 10),
      Buffer.from("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"),
      Buffer.from("GET"),
      Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
      Buffer.from(`GET /${"a".repeat(100_000)} HTTP/1.1\r\n\r\n`),
      Buffer.from("POST /v3/kv/put HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{"),
      Buffer.from("POST /v3/kv/put HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n"),
      Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc]),
    ];
    await Promise.all(attempts.map((bytes) => sendAndForget(member().clientPort, bytes, PATIENCE_MS)));
    await expectAlive(member());
  });

  it("frames that break HTTP/2's rules", async () => {
    const settings = frame(4, 0, 0, Buffer.alloc(0));
    const broken: readonly Buffer[] = [
      frame(0, 0, 1, Buffer.from("data on an idle stream")),
      frame(9, 4, 1, Buffer.from("continuation of nothing")),
      frame(8, 0, 0, Buffer.alloc(4)),
      frame(8, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff])),
      frame(1, 4, 1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
      frame(1, 4, 2, Buffer.from([0x82])),
      frame(4, 0, 0, Buffer.alloc(5)),
      frame(4, 0, 0, Buffer.from([0, 5, 0, 0, 0, 1])),
      frame(3, 0, 0, Buffer.alloc(4)),
      frame(6, 0, 0, Buffer.alloc(7)),
      frame(5, 0, 1, Buffer.alloc(4)),
      frame(250, 255, 7, Buffer.from("a type nobody knows")),
      Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]),
    ];
    const attempts = broken.map((bytes) => Buffer.concat([HTTP2_PREFACE, settings, bytes]));
    await Promise.all(attempts.map((bytes) => sendAndForget(member().clientPort, bytes, PATIENCE_MS)));
    await expectAlive(member());
  });

  it(`${IDLE_CONNECTIONS} connections that begin a request and never finish it`, async () => {
    const beginnings = [
      "",
      "P",
      HTTP2_PREFACE.toString("latin1"),
      "POST /v3/kv/range HTTP/1.1\r\nHost: a\r\nX-Slow: ",
    ];
    const sockets = await Promise.all(
      Array.from({ length: IDLE_CONNECTIONS }, () => openSocket(member().clientPort)),
    );
    for (const [place, socket] of sockets.entries())
      socket.write(beginnings[place % beginnings.length] ?? "", "latin1");
    await expectAlive(member());
    for (const socket of sockets) socket.destroy();
    await expectAlive(member());
  });

  it(`${ABANDONED_STREAMS} calls that are reset as soon as they are sent`, async () => {
    const session = openSession(member().endpoint);
    let ended = 0;
    for (let count = 0; count < ABANDONED_STREAMS && !session.destroyed; count += 1) {
      const stream = session.request({
        ":method": "POST",
        ":path": "/etcdserverpb.KV/Range",
        "content-type": "application/grpc",
        te: "trailers",
      });
      stream.on("error", () => undefined);
      stream.on("close", () => (ended += 1));
      stream.close(8);
      // The server may throw the whole connection out for this, so the loop gives it the chance to.
      if (count % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await new Promise<void>((resolve) => (session.destroyed ? resolve() : session.close(() => resolve())));
    expect(ended).toBeGreaterThan(0);
    await expectAlive(member());
  });
});

/** An HTTP/2 frame. */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}
