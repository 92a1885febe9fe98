import { create, etcdserverpb, toBinary } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { expectAlive } from "../harness/expect-alive.js";
import type { Member } from "../harness/member.js";
import { sleep } from "../harness/member.js";
import { lacksOffers } from "../harness/offers.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { frameMessage, openCall, openSession } from "../harness/raw-connection.js";
import { readResidentBytes } from "../harness/read-resident-bytes.js";
import { useMember } from "../harness/use-member.js";
import { collectEvents } from "../harness/watch-events.js";
import { WireClient } from "../harness/wire-client.js";

const kv = etcdserverpb.KV.method;
const READER_COUNT = 20;
const PAIR_COUNT = 200;
const VALUE_BYTES = 100_000;
const RESIDENT_BYTES_MAX = 1_500_000_000;

const suite = "clients that do not read what they asked for";

describe.skipIf(missesPrograms(suite, [subjectKind]))(suite, () => {
  const member = useMember({ kind: subjectKind });

  it(`${READER_COUNT} readers of 20 MB that never read: others are served, memory stays bounded`, async () => {
    await fill(member());
    const request = toBinary(
      etcdserverpb.RangeRequestSchema,
      create(etcdserverpb.RangeRequestSchema, { key: Buffer.from("big/"), rangeEnd: Buffer.from("big0") }),
    );
    const sessions = Array.from({ length: READER_COUNT }, () => openSession(member().endpoint));
    for (const session of sessions) {
      const stream = openCall(session, "/etcdserverpb.KV/Range");
      // A stream that nobody reads keeps its flow-control window shut.
      stream.pause();
      stream.end(frameMessage(request));
    }
    await expectAlive(member());
    await sleep(1_000);
    await expectAlive(member());
    expect(readResidentBytes(member())).toBeLessThan(RESIDENT_BYTES_MAX);
    for (const session of sessions) session.destroy();
    await expectAlive(member());
  });

  const watchers = `${READER_COUNT} watchers that never read: writes go on, and a good watcher still gets everything`;
  it.skipIf(lacksOffers(watchers, ["Watch"]))(watchers, async () => {
    const request = toBinary(
      etcdserverpb.WatchRequestSchema,
      create(etcdserverpb.WatchRequestSchema, {
        requestUnion: {
          case: "createRequest",
          value: { key: Buffer.from("watched/"), rangeEnd: Buffer.from("watched0"), prevKv: true },
        },
      }),
    );
    const sessions = Array.from({ length: READER_COUNT }, () => openSession(member().endpoint));
    for (const session of sessions) {
      const stream = openCall(session, "/etcdserverpb.Watch/Watch");
      stream.pause();
      stream.write(frameMessage(request));
    }
    const client = new WireClient(member().endpoint);
    const watch = client.openBidiStream("/etcdserverpb.Watch/Watch");
    const seen = collectEvents(watch, PAIR_COUNT);
    watch.write(Buffer.from(request));
    await seen.created;
    for (let count = 0; count < PAIR_COUNT; count += 1) {
      const key = Buffer.from(`watched/${count % 10}`);
      await client.demand(kv.put, { key, value: new Uint8Array(VALUE_BYTES).fill(count) });
    }
    const told = (await seen.all).map(
      ({ kv: pair }) => `${Buffer.from(pair?.key ?? []).toString()}=${pair?.value[0]}`,
    );
    expect(told).toEqual(
      Array.from({ length: PAIR_COUNT }, (_, count) => `watched/${count % 10}=${count % 256}`),
    );
    watch.cancel();
    for (const session of sessions) session.destroy();
    client.close();
    await expectAlive(member());
  });
});

async function fill(member: Member): Promise<void> {
  const client = new WireClient(member.endpoint);
  for (let count = 0; count < PAIR_COUNT; count += 1) {
    const key = Buffer.from(`big/${String(count).padStart(4, "0")}`);
    await client.demand(kv.put, { key, value: new Uint8Array(VALUE_BYTES) });
  }
  client.close();
}
