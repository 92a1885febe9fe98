import type { Locator, Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { findBarriers } from "./check-accessibility.js";
import { missesBrowser } from "./chromium.js";
import { LARGE_TXN_FLAG, putKey, putMany } from "./seed-keys.js";
import { NARROW, WIDE, picture, settle, useJourney } from "./use-journey.js";

const KEYS = 1_000_000;
const FOLDER = "million/";
const nameOf = (place: number): string => `${FOLDER}${String(place).padStart(7, "0")}`;
const row = (page: Page, name: string): Locator =>
  page.getByRole("tree", { name: "Keys" }).getByRole("treeitem", { name: new RegExp(`^${name}`) });

describe.skipIf(missesBrowser("a million keys in the console"))("a million keys in the console", () => {
  const journey = useJourney({ memberFlags: [LARGE_TXN_FLAG] });
  beforeAll(async () => {
    await putKey(journey.client, "before", "x");
    await putMany(journey.client, KEYS, nameOf);
    await putKey(journey.client, "zzz", "x");
  });

  it("the folder that holds them opens at once, and so does its end", async () => {
    const page = await journey.open("/keys");
    await row(page, FOLDER).waitFor();
    await row(page, "zzz").waitFor();
    const begun = performance.now();
    await row(page, FOLDER).click();
    await row(page, "0000000").waitFor();
    console.log(`a folder of ${KEYS} keys was open after ${Math.round(performance.now() - begun)} ms`);
    await picture(page, "million opened");
    expect(await findBarriers(page)).toEqual([]);
    const tree = page.getByRole("tree", { name: "Keys" });
    expect(await tree.getByRole("treeitem").count()).toBeLessThan(200);
  });

  it("scrolling brings further keys, and few rows are ever in the document", async () => {
    const page = await journey.open(`/keys?prefix=${FOLDER}`);
    const tree = page.getByRole("tree", { name: "Keys" });
    await row(page, "0000000").waitFor();
    await tree.hover();
    // A wheel that keeps turning: pages come as their rows come near.
    for (let turns = 0; turns < 40; turns += 1) await page.mouse.wheel(0, 1500);
    await row(page, "0001").first().waitFor();
    expect(await tree.getByRole("treeitem").count()).toBeLessThan(200);
    await picture(page, "million scrolled");
  });

  it.each([
    { size: WIDE, theme: "dark" as const },
    { size: NARROW, theme: "light" as const },
  ])("one of them is found by a part of its name, $size.width pixels, $theme", async ({ size, theme }) => {
    const page = await journey.open("/keys", { size, theme });
    await page.getByRole("textbox", { name: "Find in keys" }).fill("0999999");
    const find = page.getByRole("listbox", { name: "Found keys" }).getByText(nameOf(999_999));
    await find.waitFor({ timeout: 60_000 });
    await settle(page);
    await picture(page, `million searched ${size.width} ${theme}`);
    await find.click();
    await page.getByRole("region", { name: `Key ${nameOf(999_999)}` }).waitFor();
  });

  it("a search that finds nothing yet is stopped", async () => {
    const page = await journey.open("/keys?q=no-such-text");
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText(/^Stopped: 0 finds/).waitFor();
  });
});
