import { etcdserverpb } from "@quorate/proto";
import type { Locator, Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { findBarriers } from "./check-accessibility.js";
import { missesBrowser } from "./chromium.js";
import { bytes, putKey } from "./seed-keys.js";
import { NARROW, picture, settle, useJourney } from "./use-journey.js";

const row = (page: Page, name: string): Locator =>
  page.getByRole("tree", { name: "Keys" }).getByRole("treeitem", { name: new RegExp(`^${name}`) });
/** A folder that stands alone opens by itself. */
async function openFolder(page: Page, name: string): Promise<void> {
  await row(page, name).waitFor();
  await settle(page);
  if ((await row(page, name).getAttribute("aria-expanded")) === "false") await row(page, name).click();
}
const detail = (page: Page, key: string): Locator => page.getByRole("region", { name: `Key ${key}` });
const editor = (page: Page, key: string): Locator => page.getByLabel(`Edit the value of ${key}`);

describe.skipIf(missesBrowser("keys in the console"))("keys in the console", () => {
  const journey = useJourney();
  const read = async (key: string): Promise<string | undefined> => {
    const { kvs } = await journey.client.demand(etcdserverpb.KV.method.range, { key: bytes(key) });
    return kvs[0] === undefined ? undefined : Buffer.from(kvs[0].value).toString("utf8");
  };

  it("begin with the first one, which is created on an empty store", async () => {
    const page = await journey.open();
    await page.getByText("The store is empty").waitFor();
    await page.getByRole("button", { name: "New key" }).click();
    const dialog = page.getByRole("dialog", { name: "New key" });
    await dialog.getByRole("textbox", { name: "Key" }).fill("app/greeting");
    await dialog.getByRole("textbox", { name: "Value" }).fill('{"text":"hello"}');
    await picture(page, "new key");
    expect(await findBarriers(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Create" }).click();
    await detail(page, "app/greeting").waitFor();
    expect(await read("app/greeting")).toBe('{"text":"hello"}');
    expect(page.url()).toContain("key=app/greeting");

    await page.getByRole("button", { name: "New key" }).click();
    await dialog.getByRole("textbox", { name: "Key" }).fill("app/greeting");
    await dialog.getByRole("button", { name: "Create" }).click();
    await dialog.getByText("This key exists already").waitFor();
    expect(await read("app/greeting")).toBe('{"text":"hello"}');
  });

  it("are edited on the state that was seen, and a conflict is shown and resolved", async () => {
    await putKey(journey.client, "app/edited", "one");
    const page = await journey.open("/keys?key=app/edited");
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await editor(page, "app/edited").fill("mine");
    await putKey(journey.client, "app/edited", "theirs");
    await page.getByText(/Changed meanwhile, at revision/).waitFor();
    await page.getByRole("button", { name: "Save" }).click();
    expect(await read("app/edited")).toBe("theirs");
    await page.getByRole("button", { name: "Compare" }).click();
    await picture(page, "conflict");
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole("button", { name: "Keep mine" }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Edit", exact: true }).waitFor();
    expect(await read("app/edited")).toBe("mine");
  });

  it("keep an edit that was left until it is gone on with", async () => {
    await putKey(journey.client, "app/draft", "stored");
    const page = await journey.open("/keys?key=app/draft");
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await editor(page, "app/draft").fill("half a thought");
    await row(page, "edited").click();
    await detail(page, "app/edited").waitFor();
    await page.getByText("Your edit is kept").waitFor();
    await row(page, "draft").click();
    await page.getByText("You have begun to edit this key").waitFor();
    await picture(page, "draft");
    // While it comes and goes its colours are mixed with what lies below it.
    await page.getByText("Your edit is kept").waitFor({ state: "hidden" });
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Edit", exact: true }).waitFor();
    expect(await read("app/draft")).toBe("half a thought");
    expect(await page.getByRole("button", { name: "Go on" }).count()).toBe(0);
  });

  it("are made anew from an edit, when somebody deletes them under it", async () => {
    await putKey(journey.client, "app/doomed", "stored");
    const page = await journey.open("/keys?key=app/doomed");
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await editor(page, "app/doomed").fill("still wanted");
    await journey.client.demand(etcdserverpb.KV.method.deleteRange, { key: bytes("app/doomed") });
    await page.getByText("The key was deleted meanwhile").waitFor();
    await editor(page, "app/doomed").getByText("still wanted").waitFor();
    await picture(page, "deleted under the edit");
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole("button", { name: "Make it anew" }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Edit", exact: true }).waitFor();
    expect(await read("app/doomed")).toBe("still wanted");
  });

  it("show in the tree as they happen", async () => {
    const page = await journey.open("/keys?prefix=alive/");
    await page.getByText("No key begins with this prefix").waitFor();
    await putKey(journey.client, "alive/a", "1");
    await row(page, "a").waitFor();
    await putKey(journey.client, "alive/folder/b", "1");
    await openFolder(page, "folder/");
    await row(page, "b").waitFor();
    await journey.client.demand(etcdserverpb.KV.method.deleteRange, { key: bytes("alive/a") });
    await row(page, "a").waitFor({ state: "detached" });
    await row(page, "b").click();
    await detail(page, "alive/folder/b").getByText("1", { exact: true }).first().waitFor();
    await putKey(journey.client, "alive/folder/b", "changed under the eye");
    await page.getByText("changed under the eye").waitFor();
    await picture(page, "tree with live changes");
  });

  it("have a history, with what changed, back to any state", async () => {
    const key = "app/history";
    await putKey(journey.client, key, "first");
    await putKey(journey.client, key, "second");
    await journey.client.demand(etcdserverpb.KV.method.deleteRange, { key: bytes(key) });
    await putKey(journey.client, key, "third");
    const page = await journey.open(`/keys?key=${key}&tab=history`);
    const states = page.getByRole("list", { name: "States, newest first" }).getByRole("button");
    await states.nth(3).waitFor();
    expect(await states.count()).toBe(4);
    await page.getByText("The key begins here.").waitFor();
    await states.nth(3).click();
    await picture(page, "history");
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole("button", { name: "Restore" }).click();
    const question = page.getByRole("dialog", { name: /^Restore the value of revision/ });
    await question.getByRole("button", { name: "Restore" }).click();
    await question.waitFor({ state: "detached" });
    expect(await read(key)).toBe("first");
  });

  it("are shown as they were at a revision", async () => {
    const then = await putKey(journey.client, "past/a", "then");
    await putKey(journey.client, "past/a", "now");
    await putKey(journey.client, "past/b", "new");
    const page = await journey.open("/keys?prefix=past/");
    await row(page, "b").waitFor();
    await page.getByRole("button", { name: "Time travel" }).click();
    const bar = page.getByRole("region", { name: "Time travel" });
    await bar.getByRole("textbox", { name: "Revision" }).fill(String(then));
    await page.keyboard.press("Enter");
    await row(page, "b").waitFor({ state: "detached" });
    await row(page, "a").click();
    await page.getByText("then", { exact: true }).waitFor();
    expect(await page.getByRole("button", { name: "Edit", exact: true }).isDisabled()).toBe(true);
    await picture(page, "time travel");
    expect(await findBarriers(page)).toEqual([]);
    await bar.getByRole("button", { name: "Back to now" }).click();
    await page.getByText("now", { exact: true }).waitFor();
    await row(page, "b").waitFor();
  });

  it("are searched by a part of their name or value, and each find opens", async () => {
    for (const name of ["alpha", "beta", "gamma"])
      await putKey(journey.client, `find/${name}`, `of ${name} kind`);
    const page = await journey.open("/keys?prefix=find/");
    await page.getByRole("textbox", { name: "Find in keys" }).fill("ALPH");
    const finds = page.getByRole("listbox", { name: "Found keys" }).getByRole("option");
    await finds.getByText("find/alpha").waitFor();
    expect(await finds.count()).toBe(1);
    await page.getByText(/Done: 1 find in 3 keys/).waitFor();
    await page.getByRole("button", { name: "Also look into values" }).click();
    await page.getByRole("textbox", { name: "Find in keys" }).fill("beta kind");
    await finds.getByText("find/beta").click();
    await page.getByText("of beta kind").waitFor();
    await picture(page, "search");
    expect(await findBarriers(page)).toEqual([]);
  });

  it("of a prefix are deleted after they were counted and the prefix was typed", async () => {
    for (let place = 0; place < 12; place += 1) await putKey(journey.client, `trash/${place}`, "x");
    await putKey(journey.client, "trash-not", "x");
    const page = await journey.open("/keys?folder=trash/");
    await page.getByRole("button", { name: "Delete all of it…" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete 12 keys?" });
    const confirm = dialog.getByRole("button", { name: "Delete 12 keys" });
    expect(await confirm.isDisabled()).toBe(true);
    await dialog.getByRole("textbox", { name: "Type trash/ to go on" }).fill("trash/");
    await picture(page, "delete a prefix");
    expect(await findBarriers(page)).toEqual([]);
    await confirm.click();
    await dialog.waitFor({ state: "detached" });
    expect(await read("trash/0")).toBeUndefined();
    expect(await read("trash-not")).toBe("x");
  });
});

describe.skipIf(missesBrowser("ten keys in a narrow window"))("ten keys in a narrow window", () => {
  const journey = useJourney();
  beforeAll(async () => {
    const values = [
      "text",
      '{"json":true}',
      "a: yaml",
      "<xml/>",
      "",
      "\u00e9\u00fc",
      "7",
      "true",
      "null",
      "[1]",
    ];
    for (const [place, value] of values.entries()) await putKey(journey.client, `ten/${place}`, value);
  });

  it.each(["light", "dark"] as const)("are found, opened and left again, $0", async (theme) => {
    const page = await journey.open("/keys", { size: NARROW, theme });
    await openFolder(page, "ten/");
    await row(page, "1").click();
    await detail(page, "ten/1").waitFor();
    await settle(page);
    await picture(page, `narrow key ${theme}`);
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await editor(page, "ten/1").waitFor();
    const top = async (name: string): Promise<number | undefined> =>
      (await page.getByRole("button", { name, exact: true }).boundingBox())?.y;
    expect(await top("Save")).toBe(await top("Cancel"));
    await picture(page, `narrow editor ${theme}`);
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Back to the keys" }).click();
    await row(page, "ten/").waitFor();
    await picture(page, `narrow tree ${theme}`);
    expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
  });
});
