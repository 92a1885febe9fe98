import { create, etcdserverpb, fromBinary, toBinary } from "@quorate/proto";
import type { mvccpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { sleep } from "../harness/member.js";
import type { Member } from "../harness/member.js";
import { lacksOffers } from "../harness/offers.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { useMember } from "../harness/use-member.js";
import { WireClient, pathOf } from "../harness/wire-client.js";
import { PutLoad } from "./put-load.js";
import type { LoadReport } from "./put-load.js";
import { STALL_METER_ARGUMENTS, describeStalls, takeStalls } from "./stall-meter.js";

const kv = etcdserverpb.KV.method;
const totalMegabytes = Number(process.env["E2E_BIG_RANGE_MB"] ?? 100);
const VALUE_BYTES = 1_000;
const PAIR_COUNT = totalMegabytes * 1_000;
const BATCH = 100;
const CALL_MS_MAX = 300_000;
const ORDINARY_MS = 3_000;
const SPAN = { key: Buffer.from("big/"), rangeEnd: Buffer.from("big0") };

const suite = `a range over ${totalMegabytes} MB while others write`;

describe.skipIf(missesPrograms(suite, [subjectKind]))(suite, () => {
  const member = useMember({
    kind: subjectKind,
    flags: ["--quota-backend-bytes=8000000000"],
    nodeArguments: STALL_METER_ARGUMENTS,
  });

  it("answers in one piece, complete and in order, and the writers never stop", async () => {
    await takeStalls(member());
    await fill(member());
    console.log(`while it is filled: ${describeStalls(await takeStalls(member()))}`);
    const client = new WireClient(member().endpoint);
    console.log(`without a range: ${await describeOrdinaryLoad(member())}`);
    const load = new PutLoad(member().endpoint);
    load.start();
    // Decoding so much would hold up the load, which lives in this process too; so it waits.
    const outcome = await client.callBytes(pathOf(kv.range), encodedSpan(), CALL_MS_MAX);
    const during = await load.stop();
    const stalls = await takeStalls(member());
    if (!outcome.ok) throw new Error(outcome.text);
    const range = fromBinary(etcdserverpb.RangeResponseSchema, outcome.bytes);
    expectComplete(range.kvs);
    expect(range.count).toBe(BigInt(PAIR_COUNT));
    expect(range.more).toBe(false);
    expectOrderly(during);
    await expectWritten(client, during);
    console.log(`during the range: ${during.describe()}; ${describeStalls(stalls)}`);
    client.close();
  });

  const inPieces = "answers in pieces that merge into the same";
  it.skipIf(lacksOffers(`${suite}: ${inPieces}`, ["KV.RangeStream"]))(inPieces, async () => {
    const client = new WireClient(member().endpoint);
    const load = new PutLoad(member().endpoint);
    load.start();
    const messages = await readMessages(client);
    const during = await load.stop();
    const stalls = await takeStalls(member());
    const pieces = messages.map(decodePiece);
    expectComplete(pieces.flatMap((piece) => piece.kvs));
    const last = pieces.at(-1);
    expect(last?.count).toBe(BigInt(PAIR_COUNT));
    expect(last?.header).toBeDefined();
    expect(pieces.slice(0, -1).every((piece) => piece.header === undefined && piece.count === 0n)).toBe(true);
    expectOrderly(during);
    await expectWritten(client, during);
    client.close();
    console.log(`during ${pieces.length} pieces: ${during.describe()}; ${describeStalls(stalls)}`);
  });
});

/** The same puts with nothing beside them, to hold the figures of the range against. */
async function describeOrdinaryLoad(member: Member): Promise<string> {
  const load = new PutLoad(member.endpoint);
  load.start();
  await sleep(ORDINARY_MS);
  const ordinary = await load.stop();
  expectOrderly(ordinary);
  return `${ordinary.describe()}; ${describeStalls(await takeStalls(member))}`;
}

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

/** Every put was answered, each with a revision of its own, each writer's in ascending order. */
function expectOrderly(load: LoadReport): void {
  expect(load.failures).toEqual([]);
  for (const revisions of load.revisions) {
    expect(revisions).not.toEqual([]);
    expect(revisions).toEqual(revisions.toSorted((left, right) => left - right));
  }
  expect(new Set(load.revisions.flat()).size).toBe(load.completedCount);
}

/** What each writer put last is there, at the revision that its last answer named. */
async function expectWritten(client: WireClient, load: LoadReport): Promise<void> {
  const range = await client.demand(kv.range, { key: Buffer.from("load/"), rangeEnd: Buffer.from("load0") });
  expect(range.kvs.map((pair) => [Buffer.from(pair.value).toString(), Number(pair.modRevision)])).toEqual(
    load.revisions.map((revisions) => [String(revisions.length - 1), revisions.at(-1)]),
  );
}

function encodedSpan(): Uint8Array {
  return toBinary(etcdserverpb.RangeRequestSchema, create(etcdserverpb.RangeRequestSchema, SPAN));
}

function readMessages(client: WireClient): Promise<Buffer[]> {
  const stream = client.openServerStream("/etcdserverpb.KV/RangeStream", encodedSpan(), CALL_MS_MAX);
  return new Promise((resolve, reject) => {
    const messages: Buffer[] = [];
    stream.on("data", (message: Buffer) => messages.push(message));
    stream.on("error", reject);
    stream.on("end", () => resolve(messages));
  });
}

function decodePiece(message: Buffer): etcdserverpb.RangeResponse {
  const { rangeResponse } = fromBinary(etcdserverpb.RangeStreamResponseSchema, message);
  if (rangeResponse === undefined) throw new Error("a piece is empty");
  return rangeResponse;
}
