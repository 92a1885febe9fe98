import { create, consolepb, etcdserverpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import type { ClusterCalls, ReadContext } from "../clusters/cluster-calls.js";
import { connectWithSdk } from "../clusters/connect-with-sdk.js";
import { listChildren } from "./list-children.js";
import { searchKeys } from "./search-keys.js";
import { useConsole, utf8 } from "../testing/use-console.js";

const app = useConsole();

/** Calls of the member under test that count what they bring. */
function counted(signal = new AbortController().signal): ReadContext & { reads: number; keys: number } {
  const { calls } = connectWithSdk({ id: "c", name: "c", endpoints: [`http://${app.member.endpoint}`] });
  const context = {
    signal,
    reads: 0,
    keys: 0,
    calls: {
      ...calls,
      unary: (async (method, input, options) => {
        const answer = await calls.unary(method, input, options);
        context.reads += 1;
        if (answer.$typeName === etcdserverpb.RangeResponseSchema.typeName) {
          context.keys += (answer as unknown as etcdserverpb.RangeResponse).kvs.length;
        }
        return answer;
      }) as ClusterCalls["unary"],
    },
  };
  return context;
}

async function fill(folders: number, keysEach: number): Promise<void> {
  const keys = Array.from({ length: folders * keysEach }, (_, place) =>
    utf8(`skip/${String(Math.floor(place / keysEach)).padStart(3, "0")}/${String(place).padStart(6, "0")}`),
  );
  for (let at = 0; at < keys.length; at += 128) {
    const success = keys.slice(at, at + 128).map((key) => ({
      request: { case: "requestPut", value: { key, value: utf8("x needle") } } as const,
    }));
    await app.kv.txn({ success });
  }
}

describe("reads for a page", () => {
  it("do not go through what folders contain (10 folders of 1000 keys)", async () => {
    await fill(10, 1000);
    const context = counted();
    const request = create(consolepb.ListChildrenRequestSchema, { prefix: utf8("skip/") });
    expect((await listChildren(context, request)).children).toHaveLength(10);
    expect(context.reads).toBeLessThanOrEqual(11);
    expect(context.keys).toBeLessThan(200);
  });

  it("of a search end with it: nothing is read behind the last find, nor after a cancel", async () => {
    const found = counted();
    const search = { prefix: utf8("skip/"), text: "skip", limit: 5 };
    for await (const { done } of searchKeys(found, create(consolepb.SearchKeysRequestSchema, search))) {
      expect(done).toBe(true);
    }
    expect(found.reads).toBe(1);

    const cancelled = counted();
    const all = create(consolepb.SearchKeysRequestSchema, { prefix: utf8("skip/"), text: "no such text" });
    for await (const { scanned } of searchKeys(cancelled, all)) {
      expect(scanned).toBeGreaterThan(0n);
      break;
    }
    expect(cancelled.reads).toBe(1);
  });
});
