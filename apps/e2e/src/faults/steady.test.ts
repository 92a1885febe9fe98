import { etcdserverpb, create, toBinary } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { WireClient, pathOf } from "../harness/wire-client.js";
import { BulkLoad } from "./bulk-load.js";
import { findLoopbackPlaces } from "./place.js";
import { suiteSize } from "./suite-size.js";
import { useFaultCluster } from "./use-fault-cluster.js";

const SIZE = 3;
const SECONDS = suiteSize.isLong ? 600 : 15;
const IN_FLIGHT = 64;
const VALUE_BYTES = 256;
/** What is read whole, again and again. */
const BIG_MEGABYTES = 100;
const BIG_VALUE_BYTES = 100_000;
const BIG_KEYS = (BIG_MEGABYTES * 1_000_000) / BIG_VALUE_BYTES;
const BIG_READ_MS_MAX = 60_000;
const QUOTA_BYTES = 8 * 1024 ** 3;

const suite = `full load and reads of ${BIG_MEGABYTES} MB for ${SECONDS} seconds`;

describe.skipIf(missesPrograms(suite, [subjectKind]))(suite, () => {
  const useCluster = useFaultCluster(async () => ({
    kind: subjectKind,
    places: await findLoopbackPlaces(SIZE),
    size: SIZE,
    flags: [`--quota-backend-bytes=${QUOTA_BYTES}`],
  }));

  it("cost nobody the leadership, with the default times of heartbeats and elections", async () => {
    const cluster = useCluster();
    const big = new BulkLoad({
      endpoints: cluster.endpoints,
      prefix: "big/",
      inFlight: 8,
      valueBytes: BIG_VALUE_BYTES,
      keysMax: BIG_KEYS,
      putsMax: BIG_KEYS,
    });
    await big.ended;
    expect(big.acknowledged, big.lastFailure).toBe(BIG_KEYS);
    const term = await cluster.term();
    const load = new BulkLoad({
      endpoints: cluster.endpoints,
      prefix: "small/",
      inFlight: IN_FLIGHT,
      valueBytes: VALUE_BYTES,
      keysMax: Number.POSITIVE_INFINITY,
    });
    const reads = await readAll(cluster.endpoints, performance.now() + SECONDS * 1_000);
    await load.stop();
    console.log(`${load.acknowledged} puts, ${reads} reads of everything`);

    expect(await cluster.term()).toBe(term);
    expect(load.lastFailure).toBe("");
    expect(reads).toBeGreaterThan(0);
    cluster.expectNoDeaths();
  });
});

/** Reads the big values from one endpoint after another, undecoded. @returns how often. */
async function readAll(endpoints: readonly string[], untilMs: number): Promise<number> {
  const { range } = etcdserverpb.KV.method;
  const key = Buffer.from("big/");
  const message = create(range.input, { key, rangeEnd: Buffer.from("big0") });
  const bytes = toBinary(range.input, message);
  let reads = 0;
  while (performance.now() < untilMs) {
    const client = new WireClient(endpoints[reads % endpoints.length] ?? "");
    try {
      const outcome = await client.callBytes(pathOf(range), bytes, BIG_READ_MS_MAX);
      expect(outcome).toMatchObject({ ok: true });
      reads += 1;
    } finally {
      client.close();
    }
  }
  return reads;
}
