/**
 * Sessions that were right until some of their bytes were changed. The server, in a process of its own, may answer them
 * as it likes; it must not die, must go on answering others, and must not keep connections or calls.
 */
import { Prng } from "@quorate/std";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HpackEncoder } from "../hpack/hpack-encoder.js";
import type { HeaderField } from "../hpack/hpack-encoder.js";
import { Bystander } from "./testing/flood.js";
import * as h2 from "./testing/frames.js";
import { expectAlive } from "./testing/outcome.js";
import { RawClient } from "./testing/raw-client.js";
import { Method, request } from "./testing/requests.js";
import type { MethodName } from "./testing/requests.js";
import { PINGS_ALLOWED } from "./testing/test-server.js";
import { ServerBundle } from "./testing/start-server-process.js";
import type { ServerProcess } from "./testing/start-server-process.js";

const { Flag } = h2;

const SESSIONS_PER_SEED = 60;
/** More seeds for a long run: FUZZ_SEEDS=1000 runs seeds 1 to 1000. */
const SEEDS = Array.from({ length: Number(process.env["FUZZ_SEEDS"] ?? 10) }, (_, at) => at + 1);
/** What the server may hold in the end that it did not hold in the beginning: its pools and caches have grown. */
const LIVE_GROWTH_BYTES_MAX = 16 * 1024 * 1024;
/** Fewer than the resets that cost a connection. */
const REQUESTS_PER_SEED = 200;
/** How long a session may go on after its last byte; most have been answered by then, and those that wait are cut. */
const LINGER_MS = 20;

/** The bytes of a valid connection with some calls of all kinds. */
function validSession(prng: Prng): Buffer {
  const encoder = new HpackEncoder({ huffman: prng.chance(0.5) });
  const parts: Buffer[] = [
    h2.PREFACE,
    h2.settings([h2.Setting.initialWindowSize, 1 + prng.below(200_000)]),
    h2.settingsAck(),
  ];
  const calls = 1 + prng.below(6);
  for (let call = 0; call < calls; call++) {
    const id = 2 * call + 1;
    const method: MethodName = prng.pick(Object.values(Method));
    const block = encoder.encode(
      request(method, prng.chance(0.3) ? { "grpc-timeout": "50m", "x-bin": "YWJj" } : {}),
    );
    const cut = prng.below(block.length);
    if (prng.chance(0.3)) {
      parts.push(h2.headers(id, block.subarray(0, cut), Flag.none), h2.continuation(id, block.subarray(cut)));
    } else {
      parts.push(h2.headers(id, block, Flag.endHeaders));
    }
    const body =
      method === Method.produce
        ? h2.u32(prng.below(20), prng.below(3000))
        : Buffer.alloc(prng.below(2000), 0x61);
    const message = h2.message(body);
    const middle = prng.below(message.length);
    parts.push(h2.data(id, message.subarray(0, middle), Flag.none));
    if (prng.chance(0.2)) parts.push(h2.ping("fuzz"), h2.windowUpdate(0, 1000), h2.priority(id, 0));
    parts.push(
      h2.data(id, h2.padded(message.subarray(middle), prng.below(100)), Flag.padded | Flag.endStream),
    );
    if (prng.chance(0.1)) parts.push(h2.rstStream(id));
  }
  if (prng.chance(0.2)) parts.push(h2.goaway(0));
  return Buffer.concat(parts);
}

/** Changes a few bytes; the preface is mostly left alone, because nothing behind a broken one is ever read. */
function mutate(session: Buffer, prng: Prng): Buffer {
  let bytes = Buffer.from(session);
  const changes = 1 + prng.below(8);
  for (let change = 0; change < changes; change++) {
    const from = prng.chance(0.02) ? 0 : Math.min(h2.PREFACE.length, bytes.length);
    const at = from + prng.below(Math.max(1, bytes.length - from));
    const length = prng.below(12);
    switch (prng.below(6)) {
      case 0:
        bytes[at] = prng.below(256);
        break;
      case 1:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << prng.below(8));
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), randomBytes(length, prng), bytes.subarray(at)]);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at + 30), bytes.subarray(at)]);
        break;
      default:
        if (prng.chance(0.3)) bytes = bytes.subarray(0, at);
    }
  }
  return bytes;
}

const NAMES = [
  ...request().map((field) => field.name),
  ...[
    "grpc-timeout",
    "grpc-encoding",
    "grpc-accept-encoding",
    "content-length",
    "x-bin",
    "X-Upper",
    ":status",
    "",
    "cookie",
  ],
];
const VALUES = [
  "",
  "POST",
  "GET",
  "http",
  "/",
  "/conformance.Test/Echo",
  "application/grpc",
  "trailers",
  "gzip",
  "1",
  "1S",
  "a,b",
];

/** A request with some fields dropped, changed, doubled, invented or out of order; every tenth is left as it should be. */
function randomFields(prng: Prng): HeaderField[] {
  const fields = request();
  const changes = prng.chance(0.1) ? 0 : 1 + prng.below(3);
  for (let change = 0; change < changes; change++) {
    const at = prng.below(fields.length);
    const name = prng.chance(0.9) ? prng.pick(NAMES) : randomBytes(prng.below(10), prng).toString("latin1");
    const value = prng.chance(0.8) ? prng.pick(VALUES) : randomBytes(prng.below(30), prng).toString("latin1");
    const indexing = prng.pick(["incremental", "without", "never"] as const);
    fields.splice(at, prng.below(2), { name, value, indexing });
  }
  return fields;
}

function randomBytes(length: number, prng: Prng): Buffer {
  return Buffer.from(Array.from({ length }, () => prng.below(256)));
}

/** Sends the bytes in pieces of random sizes, waits a moment and leaves. */
async function play(server: ServerProcess, bytes: Buffer, prng: Prng): Promise<void> {
  const client = await RawClient.connect(server.port, { handshake: false });
  for (let at = 0; at < bytes.length && !client.closed;) {
    const length = prng.chance(0.5) ? bytes.length : 1 + prng.below(200);
    client.send(bytes.subarray(at, at + length));
    at += length;
    await new Promise(setImmediate);
  }
  await Promise.race([client.untilClosed(), new Promise((resolve) => setTimeout(resolve, LINGER_MS))]);
  client.destroy();
}

describe("fuzz", () => {
  let bundle: ServerBundle;
  let server: ServerProcess;
  let neighbour: RawClient;
  let liveBytesBefore = 0;
  beforeAll(async () => {
    bundle = await ServerBundle.create();
    server = await bundle.start(PINGS_ALLOWED);
    neighbour = await RawClient.connect(server.port);
    await new Bystander(neighbour).stop(1000);
    liveBytesBefore = (await server.report()).liveBytes;
  });
  afterAll(async () => {
    neighbour.destroy();
    await server.stop();
    await bundle.remove();
  });

  test.each(SEEDS)("mutated sessions leave the server as it was (seed %i)", async (seed) => {
    const prng = new Prng(seed);
    const sessions = Array.from({ length: SESSIONS_PER_SEED }, () => mutate(validSession(prng), prng));
    const bystander = new Bystander(neighbour);
    bystander.start();
    for (let at = 0; at < sessions.length; at += 10) {
      await Promise.all(
        sessions
          .slice(at, at + 10)
          .map((bytes, lane) => play(server, bytes, new Prng(seed * 1000 + at + lane))),
      );
    }
    await bystander.stop(10);
    let report = await server.report();
    // A connection that was cut is noticed a moment later; the bystander's calls pass the time.
    for (let calls = 10; report.connectionsOpen > 1 && calls < 2000; calls++) {
      await bystander.stop(calls);
      report = await server.report();
    }
    expect(report.connectionsOpen).toBe(1);
    expect(report.callsOpen).toBe(0);
    expect(report.liveBytes - liveBytesBefore).toBeLessThan(LIVE_GROWTH_BYTES_MAX);
  });

  test.each(SEEDS)("every request of random fields is answered or reset (seed %i)", async (seed) => {
    const prng = new Prng(seed);
    const client = await RawClient.connect(server.port);
    const ids = Array.from({ length: REQUESTS_PER_SEED }, (_, at) => 2 * at + 1);
    for (const id of ids) {
      const body = prng.chance(0.5) ? h2.message() : randomBytes(prng.below(20), prng);
      client.send(client.headers(id, randomFields(prng)), h2.data(id, body));
    }
    for (const id of ids) {
      const record = client.stream(id);
      await client.until(`an answer on stream ${id}`, () => record.ended || record.resetCode !== undefined);
    }
    await expectAlive(client);
    client.destroy();
  });

  test("unchanged sessions are answered without an error, so that the mutations start from something valid", async () => {
    for (let seed = 100; seed < 130; seed++) {
      const client = await RawClient.connect(server.port, { handshake: false });
      client.send(validSession(new Prng(seed)));
      client.send(h2.ping("end"));
      await client.until("the reply to PING", () => client.hasPingReply("end"));
      expect(client.goaway, client.describe()).toBeUndefined();
      client.destroy();
    }
  });
});
