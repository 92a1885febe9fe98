import { GrpcStatus, create, etcdserverpb, fromBinary, toBinary } from "@quorate/proto";
import type { mvccpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import type { Member } from "../harness/member.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { useMember } from "../harness/use-member.js";
import { WireClient, pathOf } from "../harness/wire-client.js";
import { describeStalls } from "./describe-stalls.js";
import { PutLoad } from "./put-load.js";

const kv = etcdserverpb.KV.method;
const totalMegabytes = Number(process.env["E2E_BIG_RANGE_MB"] ?? 100);
const VALUE_BYTES = 1_000;
const PAIR_COUNT = totalMegabytes * 1_000;
const BATCH = 100;
const CALL_MS_MAX = 300_000;
const SPAN = { key: Buffer.from("big/"), rangeEnd: Buffer.from("big0") };

const suite = `a range over ${totalMegabytes} MB while others write`;

describe.skipIf(missesPrograms(suite, [subjectKind]))(suite, () => {
  const member = useMember({ kind: subjectKind, flags: ["--quota-backend-bytes=8000000000"] });

  it("answers in one piece, complete and in order, and the writers never stop", async () => {
    await fill(member());
    const client = new WireClient(member().endpoint);
    const load = new PutLoad(member().endpoint);
    load.start();
    // Decoding so much would hold up the load, which lives in this process too; so it waits.
    const outcome = await client.callBytes(pathOf(kv.range), encodedSpan(), CALL_MS_MAX);
    const during = await load.stop();
    if (!outcome.ok) throw new Error(outcome.text);
    const range = fromBinary(etcdserverpb.RangeResponseSchema, outcome.bytes);
    expectComplete(range.kvs);
    expect(range.count).toBe(BigInt(PAIR_COUNT));
    expect(range.more).toBe(false);
    expect(during.completedCount).toBeGreaterThan(0);
    expect(during.failures).toEqual([]);
    console.log(`during the range: ${during.describe()}; ${await describeStalls(member())}`);
    client.close();
  });

  it("answers in pieces that merge into the same, where the server has RangeStream", async () => {
    const client = new WireClient(member().endpoint);
    const load = new PutLoad(member().endpoint);
    load.start();
    const messages = await readMessages(client);
    const during = await load.stop();
    client.close();
    if (messages === undefined) {
      console.log("the server has no RangeStream");
      return;
    }
    const pieces = messages.map(decodePiece);
    expectComplete(pieces.flatMap((piece) => piece.kvs));
    const last = pieces.at(-1);
    expect(last?.count).toBe(BigInt(PAIR_COUNT));
    expect(last?.header).toBeDefined();
    expect(pieces.slice(0, -1).every((piece) => piece.header === undefined && piece.count === 0n)).toBe(true);
    expect(during.failures).toEqual([]);
    console.log(`during ${pieces.length} pieces: ${during.describe()}; ${await describeStalls(member())}`);
  });
});

async function fill(member: Member): Promise<void> {
  const client = new WireClient(member.endpoint);
  for (let first = 0; first < PAIR_COUNT; first += BATCH) {
    const success = Array.from({ length: BATCH }, (_, place) => ({
      request: {
        case: "requestPut" as const,
        value: { key: keyOf(first + place), value: valueOf(first + place) },
      },
    }));
    await client.demand(kv.txn, { success });
  }
  client.close();
}

function keyOf(place: number): Uint8Array {
  return Buffer.from(`big/${String(place).padStart(9, "0")}`);
}

function valueOf(place: number): Uint8Array {
  return new Uint8Array(VALUE_BYTES).fill(place);
}

function expectComplete(pairs: readonly mvccpb.KeyValue[]): void {
  expect(pairs.length).toBe(PAIR_COUNT);
  const wrong = pairs.findIndex((pair, place) => {
    const isRightKey = Buffer.compare(pair.key, keyOf(place)) === 0;
    return (
      !isRightKey || pair.value.length !== VALUE_BYTES || pair.value.some((byte) => byte !== place % 256)
    );
  });
  expect(wrong, "the first pair that is not what was written there").toBe(-1);
}

function encodedSpan(): Uint8Array {
  return toBinary(etcdserverpb.RangeRequestSchema, create(etcdserverpb.RangeRequestSchema, SPAN));
}

/** The stream's messages; undefined when the server does not know the method. */
function readMessages(client: WireClient): Promise<Buffer[] | undefined> {
  const stream = client.openServerStream("/etcdserverpb.KV/RangeStream", encodedSpan(), CALL_MS_MAX);
  return new Promise((resolve, reject) => {
    const messages: Buffer[] = [];
    stream.on("data", (message: Buffer) => messages.push(message));
    stream.on("error", (error: Error & { code?: number }) => {
      if (error.code === GrpcStatus.Unimplemented) resolve(undefined);
      else reject(error);
    });
    stream.on("end", () => resolve(messages));
  });
}

function decodePiece(message: Buffer): etcdserverpb.RangeResponse {
  const { rangeResponse } = fromBinary(etcdserverpb.RangeStreamResponseSchema, message);
  if (rangeResponse === undefined) throw new Error("a piece is empty");
  return rangeResponse;
}
