import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Browser, Locator, Page } from "playwright-core";
import { TestCluster } from "../cluster/test-cluster.js";
import { subjectKind } from "../harness/programs.js";
import { findBarriers } from "./check-accessibility.js";
import { launchBrowser, missesBrowser } from "./chromium.js";
import { ConsoleProcess } from "./console-process.js";
import { putKey } from "./seed-keys.js";
import { openPage, picture, settle } from "./use-journey.js";

/** A browser logs calls that failed, and these journeys take members away on purpose. */
const EXPECTED = /status of 5\d\d|unavailable|ERR_/i;

describe.skipIf(missesBrowser("members in the console"))("members in the console", () => {
  let cluster: TestCluster | undefined;
  let app: ConsoleProcess | undefined;
  let browser: Browser | undefined;
  beforeAll(async () => {
    cluster = await TestCluster.prepare(["m1", "m2", "m3"].map((name) => ({ kind: subjectKind, name })));
    await cluster.start();
    app = await ConsoleProcess.start([`--endpoints=${cluster.endpoints}`]);
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await app?.stop();
    await cluster?.dispose();
  });
  const demand = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error("the cluster did not start");
    return value;
  };
  const open = (path: string): Promise<Page> =>
    openPage(demand(browser), new URL(path, demand(app).url).href, { allows: EXPECTED });
  const card = (page: Page, name: string): Locator =>
    page
      .getByRole("list", { name: "Members" })
      .getByRole("listitem")
      .filter({ has: page.getByRole("heading", { name, exact: true }) });

  it("are shown with their roles, and another one is made the leader", async () => {
    const page = await open("/members");
    for (const name of ["m1", "m2", "m3"]) await card(page, name).waitFor();
    const leader = await demand(cluster).leader();
    await card(page, leader.name).getByText("Leader", { exact: true }).waitFor();
    await page.getByRole("img", { name: /^3 of 3 votes answer, 2 are needed/ }).waitFor();
    await picture(page, "members of three");
    expect(await findBarriers(page)).toEqual([]);
    const other = leader.name === "m1" ? "m2" : "m1";
    await card(page, other)
      .getByRole("button", { name: `Actions for ${other}` })
      .click();
    await page.getByRole("menuitem", { name: /^Make it the leader/ }).click();
    const question = page.getByRole("dialog", { name: `Make ${other} the leader?` });
    expect(await findBarriers(page)).toEqual([]);
    await question.getByRole("button", { name: `Lead from ${other}` }).click();
    await card(page, other).getByText("Leader", { exact: true }).waitFor();
  });

  it("send their store as a file", async () => {
    const members = demand(cluster);
    await putKey((await members.leader()).client, "in/the/snapshot", "x");
    const page = await open("/members");
    await page.getByRole("button", { name: "Snapshot" }).click();
    const begun = page.waitForEvent("download");
    await page.getByRole("dialog").getByRole("link", { name: "Download" }).click();
    const download = await begun;
    expect(download.suggestedFilename()).toMatch(/\.db$/);
    const file = readFileSync(await download.path());
    expect(file.includes("in/the/snapshot")).toBe(true);
    // Pages, and behind them the SHA-256 that tells a whole file from a part.
    expect(file.length % 4096).toBe(32);
  });

  it("are missed within seconds when one is killed, and the page goes on working", async () => {
    const members = demand(cluster);
    const leader = await members.leader();
    const page = await open("/members");
    await card(page, leader.name).getByText("Leader", { exact: true }).waitFor();
    await leader.kill();
    await card(page, leader.name).getByText("Unreachable").waitFor();
    await page.getByRole("img", { name: /^2 of 3 votes answer/ }).waitFor();
    await picture(page, "member killed");
    expect(await findBarriers(page)).toEqual([]);

    await page.getByRole("link", { name: "Keys", exact: true }).click();
    await page.getByRole("button", { name: "New key" }).click();
    await page.getByRole("dialog").getByRole("textbox", { name: "Key" }).fill("written/without/it");
    await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
    await page.getByRole("region", { name: "Key written/without/it" }).waitFor();

    leader.start(members.bootstrap("new"));
    await page.getByRole("link", { name: "Members", exact: true }).click();
    await card(page, leader.name).getByText("Unreachable").waitFor({ state: "detached" });
    await page.getByRole("img", { name: /^3 of 3 votes answer/ }).waitFor();
    await settle(page);
  });

  it("without a quorum nothing claims to be live, and a write that is waited for says why", async () => {
    const members = demand(cluster);
    await members.waitUntilHealthy();
    const page = await open("/keys");
    const badge = (words: RegExp): Locator => page.locator(".keys-status").getByText(words);
    await badge(/^Live$/).waitFor();
    const killed = members.members.slice(0, 2);
    for (const member of killed) await member.kill();
    await badge(/^Not live: /).waitFor();
    await page.getByRole("button", { name: "New key" }).click();
    const dialog = page.getByRole("dialog", { name: "New key" });
    await dialog.getByRole("textbox", { name: "Key" }).fill("waits/for/a/quorum");
    await dialog.getByRole("button", { name: "Create" }).click();
    await dialog.getByText("No answer yet").waitFor();
    await dialog.getByText(/The cluster has no quorum/).waitFor();
    await picture(page, "create without a quorum");
    expect(await findBarriers(page)).toEqual([]);
    for (const member of killed) member.start(members.bootstrap("new"));
    await page.keyboard.press("Escape");
    await badge(/^Live$/).waitFor();
  });
});
