import { etcdserverpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { findBarriers } from "./check-accessibility.js";
import { missesBrowser } from "./chromium.js";
import { bytes, putKey } from "./seed-keys.js";
import { picture, useJourney } from "./use-journey.js";

const TTL = 1000n;

describe.skipIf(missesBrowser("leases, locks and elections in the console"))(
  "leases, locks and elections in the console",
  () => {
    const journey = useJourney();
    const grant = async (ID: bigint): Promise<bigint> => {
      const { ID: granted } = await journey.client.demand(etcdserverpb.Lease.method.leaseGrant, { ID, TTL });
      return granted;
    };
    const exists = async (key: string): Promise<boolean> => {
      const { count } = await journey.client.demand(etcdserverpb.KV.method.range, { key: bytes(key) });
      return count > 0n;
    };

    it("a lease is granted, seen with its keys and time, and revoked", async () => {
      const page = await journey.open("/leases");
      await page.getByText("No lease is alive").waitFor();
      await page.getByRole("button", { name: "Grant a lease" }).click();
      const dialog = page.getByRole("dialog", { name: "Grant a lease" });
      await dialog.getByRole("textbox", { name: "Time to live" }).fill("10m");
      await dialog.getByRole("textbox", { name: /ID in hexadecimal/ }).fill("abc");
      await dialog.getByRole("button", { name: "Grant" }).click();
      await page
        .getByRole("dialog", { name: /Granted for/ })
        .getByRole("button", { name: "Done" })
        .click();
      await putKey(journey.client, "leased/key", "x", 0xabcn);
      const row = page.getByRole("row", { name: /0000000000000abc/ });
      await row.getByText("leased/key").waitFor();
      await picture(page, "leases with one");
      expect(await findBarriers(page)).toEqual([]);
      await page.goto(new URL("/leases?lease=abc&do=revoke", journey.url).href);
      const question = page.getByRole("dialog", { name: /Revoke lease/ });
      await question.getByText("leased/key").waitFor();
      expect(await findBarriers(page)).toEqual([]);
      await question.getByRole("button", { name: "Revoke and delete 1 key" }).click();
      await question.waitFor({ state: "detached" });
      expect(await exists("leased/key")).toBe(false);
    });

    it("a lock and an election show who has them and who waits, and a holder is sent away", async () => {
      const [first, second] = [await grant(0x11n), await grant(0x22n)];
      await putKey(journey.client, "jobs/11", "", first);
      await putKey(journey.client, "jobs/22", "", second);
      await putKey(journey.client, "leader/22", "node b", second);
      const page = await journey.open("/locks");
      const list = page.getByRole("list", { name: "Locks and elections" });
      const lock = list.getByRole("listitem").filter({ has: page.getByRole("heading", { name: "jobs" }) });
      await lock.getByText("1 waiting").waitFor();
      await list.getByText("node b").waitFor();
      await picture(page, "locks with two");
      expect(await findBarriers(page)).toEqual([]);
      await lock.getByRole("button", { name: "Actions for the contender with lease 11" }).click();
      await page.getByRole("menuitem", { name: "Take it away" }).click();
      const question = page.getByRole("dialog", { name: "Take the lock away?" });
      await question.getByRole("textbox", { name: "Type jobs to go on" }).fill("jobs");
      await question.getByRole("button", { name: "Take it away" }).click();
      await question.waitFor({ state: "detached" });
      await lock.getByText("nobody waits").waitFor();
      expect(await exists("jobs/11")).toBe(false);
    });
  },
);
