import { create, etcdserverpb, toBinary } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { lacksOffers } from "../harness/offers.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { useMember } from "../harness/use-member.js";
import { collectEvents } from "../harness/watch-events.js";
import { WireClient, pathOf } from "../harness/wire-client.js";

const KEYS = 10_000;
const KEYS_PER_TXN = 100;
const VALUE = Buffer.alloc(1_000, "v");
/** Each of everything: the last of them is answered long after the first has begun. */
const READS = 10;
const { KV, Watch, WatchRequestSchema } = etcdserverpb;

const suite = "events beside heavy reads";
const isLeftOut = missesPrograms(suite, [subjectKind]) || lacksOffers(suite, ["KV", "Watch"]);

describe.skipIf(isLeftOut)(suite, () => {
  const member = useMember({ kind: subjectKind });

  it("rule 55: an event reaches its watcher while the whole store is being read again and again", async () => {
    const [reader, writer] = [new WireClient(member().endpoint), new WireClient(member().endpoint)];
    try {
      for (let first = 0; first < KEYS; first += KEYS_PER_TXN) {
        const puts = Array.from({ length: KEYS_PER_TXN }, (_, place) => ({
          request: {
            case: "requestPut" as const,
            value: { key: Buffer.from(`read/${first + place}`), value: VALUE },
          },
        }));
        await writer.demand(KV.method.txn, { success: puts });
      }
      const stream = writer.openBidiStream(pathOf(Watch.method.watch));
      const { created, all } = collectEvents(stream, 1);
      const request = {
        requestUnion: { case: "createRequest" as const, value: { key: Buffer.from("told") } },
      };
      stream.write(Buffer.from(toBinary(WatchRequestSchema, create(WatchRequestSchema, request))));
      await created;

      const order: string[] = [];
      const everything = { key: Uint8Array.of(0), rangeEnd: Uint8Array.of(0), serializable: true };
      const reads = Array.from({ length: READS }, async () => {
        const { count } = await reader.demand(KV.method.range, everything);
        order.push("read");
        return count;
      });
      const told = all.then(() => order.push("event"));
      await writer.demand(KV.method.put, { key: Buffer.from("told") });
      await told;
      expect(order.filter((what) => what === "read").length).toBeLessThan(READS);
      expect((await Promise.all(reads)).every((count) => count >= BigInt(KEYS))).toBe(true);
      stream.cancel();
    } finally {
      reader.close();
      writer.close();
    }
  });
});
