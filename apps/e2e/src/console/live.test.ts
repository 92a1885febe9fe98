import { etcdserverpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { findBarriers } from "./check-accessibility.js";
import { missesBrowser } from "./chromium.js";
import { bytes, putKey } from "./seed-keys.js";
import { picture, useJourney } from "./use-journey.js";

describe.skipIf(missesBrowser("changes in the console"))("changes in the console", () => {
  const journey = useJourney();

  it("appear as they happen, are held still, and go on without a gap", async () => {
    const page = await journey.open("/live?prefix=w/");
    const main = page.getByRole("main");
    await main.getByText("Watching", { exact: true }).waitFor();
    await putKey(journey.client, "w/one", "1");
    await putKey(journey.client, "other", "1");
    await main.getByText("w/one").first().waitFor();
    await main.getByRole("button", { name: "Pause" }).click();
    await putKey(journey.client, "w/two", "2");
    await journey.client.demand(etcdserverpb.KV.method.deleteRange, { key: bytes("w/one") });
    await main.getByText("Held still, 2 waiting").waitFor();
    expect(await main.getByText("w/two").count()).toBe(0);
    await main.getByRole("button", { name: "Go on" }).click();
    await main.getByText("w/two").first().waitFor();
    expect(await main.getByText("other", { exact: true }).count()).toBe(0);
    await main.getByText("w/two").first().click();
    await picture(page, "live with a change opened");
    expect(await findBarriers(page)).toEqual([]);
  });

  it("end with the reason when their beginning was compacted", async () => {
    const start = await putKey(journey.client, "c/a", "1");
    const revision = await putKey(journey.client, "c/a", "2");
    await journey.client.demand(etcdserverpb.KV.method.compact, { revision, physical: true });
    const page = await journey.open(`/live?prefix=c/&from=${start}`, { allows: /out_of_range|OutOfRange/ });
    await page.getByRole("alert").waitFor();
    await picture(page, "live compacted");
    await page.getByRole("button", { name: "Watch from now" }).click();
    await page.getByText("Watching", { exact: true }).waitFor();
    await putKey(journey.client, "c/a", "3");
    await page.getByRole("main").getByText("c/a").first().waitFor();
  });
});
