import { etcdserverpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { findBarriers } from "./check-accessibility.js";
import { missesBrowser } from "./chromium.js";
import { bytes, putKey } from "./seed-keys.js";
import { picture, settle, useJourney } from "./use-journey.js";

describe.skipIf(missesBrowser("metrics and transactions in the console"))(
  "metrics and transactions in the console",
  () => {
    const journey = useJourney();

    it("figures are kept from the start and drawn, as tables too", async () => {
      for (let place = 0; place < 50; place += 1) await putKey(journey.client, "busy", String(place));
      const page = await journey.open("/metrics");
      // Two looks at the member, five seconds apart, make the first point of a rate.
      await page
        .getByRole("heading", { name: "Requests", exact: false })
        .first()
        .waitFor({ timeout: 30_000 });
      await page.locator("canvas").first().waitFor();
      await settle(page);
      await picture(page, "metrics drawn");
      expect(await findBarriers(page)).toEqual([]);
      await page.getByRole("button", { name: "Tables" }).click();
      await page.getByRole("table").first().waitFor();
      await picture(page, "metrics as tables");
      expect(await findBarriers(page)).toEqual([]);
    });

    it("a transaction is built, run on both of its branches, and its answers read", async () => {
      const page = await journey.open("/txn");
      await page.getByRole("button", { name: /^Create only if absent/ }).click();
      await page.getByRole("button", { name: "Run" }).click();
      await page.getByRole("heading", { name: "Result" }).waitFor();
      const { kvs } = await journey.client.demand(etcdserverpb.KV.method.range, {
        key: bytes("config/limit"),
      });
      expect(kvs.map(({ value }) => Buffer.from(value).toString())).toEqual(["100"]);
      await picture(page, "transaction run");
      expect(await findBarriers(page)).toEqual([]);
      await putKey(journey.client, "config/limit", "somebody else's");
      await page.getByRole("button", { name: "Run" }).click();
      await page.getByText("somebody else's").waitFor();
    });
  },
);
