import { etcdserverpb } from "@quorate/proto";
import { describe, expect, it, beforeAll } from "vitest";
import { missesBrowser } from "./chromium.js";
import { LARGE_TXN_FLAG, bytes, putMany } from "./seed-keys.js";
import { useJourney } from "./use-journey.js";

const KEYS = 1_000_000;

describe.skipIf(missesBrowser("a folder of a million keys"))("a folder of a million keys", () => {
  const journey = useJourney({ memberFlags: [LARGE_TXN_FLAG] });
  beforeAll(async () => {
    const begun = performance.now();
    await putMany(journey.client, KEYS, (place) => `million/${String(place).padStart(7, "0")}`);
    console.log(`a million keys were there after ${Math.round(performance.now() - begun)} ms`);
  });

  it("is there", async () => {
    const { count } = await journey.client.demand(etcdserverpb.KV.method.range, {
      key: bytes("million/"),
      rangeEnd: bytes("million0"),
      countOnly: true,
    });
    expect(count).toBe(BigInt(KEYS));
    for (const body of ["{}", '{"prefix":"bWlsbGlvbi8="}', '{"prefix":"bWlsbGlvbi8=","limit":1000}']) {
      const begun = performance.now();
      const response = await fetch(new URL("/quorate.console.v1.ConsoleService/ListChildren", journey.url), {
        method: "POST",
        headers: { "content-type": "application/json", "quorate-console": "1" },
        body,
      });
      const text = await response.text();
      console.log(body, response.status, text.length, `${(performance.now() - begun).toFixed(1)} ms`);
    }
    const begun = performance.now();
    const response = await fetch(new URL("/quorate.console.v1.ConsoleService/ListKeys", journey.url), {
      method: "POST",
      headers: { "content-type": "application/json", "quorate-console": "1" },
      body: '{"prefix":"bWlsbGlvbi8=","withCount":true}',
    });
    await response.text();
    console.log("count", `${(performance.now() - begun).toFixed(1)} ms`);
  });
});
