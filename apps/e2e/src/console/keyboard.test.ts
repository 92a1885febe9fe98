import { etcdserverpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { missesBrowser } from "./chromium.js";
import { findBarriers } from "./check-accessibility.js";
import { bytes, putKey } from "./seed-keys.js";
import { picture, settle, useJourney } from "./use-journey.js";

describe.skipIf(missesBrowser("the console by keyboard alone"))("the console by keyboard alone", () => {
  const journey = useJourney();

  it("the command palette leads to screens, commands and keys", async () => {
    await putKey(journey.client, "palette/key", "found by its name");
    const page = await journey.open("/members");
    await settle(page);
    await page.keyboard.press("Control+k");
    const palette = page.getByRole("dialog", { name: "Command palette" });
    await palette.getByRole("combobox").waitFor();
    await picture(page, "palette");
    expect(await findBarriers(page)).toEqual([]);
    await page.keyboard.type("leases");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Leases" }).waitFor();
    await page.keyboard.press("Control+k");
    await page.keyboard.type("palette/key");
    await palette.getByRole("option", { name: /Open key palette\/key/ }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByText("found by its name").waitFor();
    await page.keyboard.press("Control+k");
    await page.keyboard.type("dark theme");
    await page.keyboard.press("Enter");
    const scheme = (): Promise<unknown> => page.evaluate("getComputedStyle(document.body).colorScheme");
    await expect.poll(scheme).toContain("dark");
  });

  it("a key is created, found in the tree, edited and saved", async () => {
    await putKey(journey.client, "keys/other", "x");
    const page = await journey.open("/keys");
    await settle(page);
    await page.keyboard.press("n");
    await page.getByRole("dialog", { name: "New key" }).waitFor();
    await page.keyboard.type("keys/typed");
    await page.keyboard.press("Tab");
    await page.keyboard.type("by hand");
    await page.keyboard.press("Control+Enter");
    await page.getByRole("region", { name: "Key keys/typed" }).waitFor();
    await page.getByRole("dialog", { name: "New key" }).waitFor({ state: "detached" });

    const tree = page.getByRole("tree", { name: "Keys" });
    await tree.focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("Home");
    const chosen = async (): Promise<string> => {
      const id = (await tree.getAttribute("aria-activedescendant")) ?? "";
      return (await page.locator(`[id="${id}"]`).textContent()) ?? "";
    };
    for (let steps = 0; steps < 10 && !(await chosen()).startsWith("keys/"); steps += 1) {
      await page.keyboard.press("ArrowDown");
    }
    if ((await tree.getByRole("treeitem", { name: /^typed/ }).count()) === 0)
      await page.keyboard.press("ArrowRight");
    await tree.getByRole("treeitem", { name: /^typed/ }).waitFor();
    for (let steps = 0; steps < 10 && !(await chosen()).startsWith("typed"); steps += 1) {
      await page.keyboard.press("ArrowDown");
    }
    await page.keyboard.press("Enter");
    const edit = page.getByRole("button", { name: "Edit", exact: true });
    await edit.focus();
    await page.keyboard.press("Enter");
    await page.getByLabel("Edit the value of keys/typed").focus();
    await page.keyboard.press("Control+a");
    await page.keyboard.type("by hand, again");
    await page.keyboard.press("Control+s");
    await edit.waitFor();
    const { kvs } = await journey.client.demand(etcdserverpb.KV.method.range, { key: bytes("keys/typed") });
    expect(kvs.map(({ value }) => Buffer.from(value).toString())).toEqual(["by hand, again"]);
  });

  it("a dialog gives the focus back to the button or the menu that opened it", async () => {
    const page = await journey.open("/keys");
    await settle(page);
    const focused = (): Promise<unknown> => page.evaluate("document.activeElement?.textContent");
    const dialog = page.getByRole("dialog");
    await page.getByRole("button", { name: "New key" }).focus();
    await page.keyboard.press("Enter");
    await dialog.getByRole("textbox", { name: "Key" }).waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await expect.poll(focused).toBe("New key");
    await page.getByRole("button", { name: "Go to, do, find…" }).focus();
    await page.keyboard.press("Enter");
    await dialog.getByRole("combobox").waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await expect.poll(focused).toMatch(/^Go to, do, find/);

    await page.getByRole("link", { name: "Members", exact: true }).click();
    await page.getByRole("button", { name: "Add member" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name: /^Add as learner/ }).waitFor();
    await page.keyboard.press("Enter");
    await dialog.getByRole("textbox").first().waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await expect.poll(focused).toBe("Add member");
  });

  it("the help lists the shortcuts, and one of them leads to each screen", async () => {
    const page = await journey.open("/keys");
    await settle(page);
    await page.keyboard.press("?");
    await page.getByRole("dialog").getByText("Keyboard shortcuts").first().waitFor();
    await picture(page, "shortcuts");
    expect(await findBarriers(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    for (const [keys, path] of Object.entries({
      m: "members",
      l: "leases",
      i: "metrics",
      t: "txn",
      k: "keys",
    })) {
      await page.keyboard.press("g");
      await page.keyboard.press(keys);
      await page.waitForURL(`**/${path}*`);
    }
  });
});
