import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { findBarriers } from "./check-accessibility.js";
import { missesBrowser } from "./chromium.js";
import { putKey } from "./seed-keys.js";
import { picture, useJourney } from "./use-journey.js";

const folder = mkdtempSync(join(tmpdir(), "e2e-console-login-"));
const passwordFile = join(folder, "password");
writeFileSync(passwordFile, "correct horse\n");

describe.skipIf(missesBrowser("the console's login and its read-only mode"))(
  "the console's login and its read-only mode",
  () => {
    const journey = useJourney({ consoleFlags: [`--login-password-file=${passwordFile}`, "--read-only"] });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it("a wrong password is refused, the right one leads to where the address points", async () => {
      await putKey(journey.client, "secret/key", "behind the login");
      const page = await journey.open("/keys?key=secret/key", { allows: /status of 40[13]/ });
      await page.getByRole("textbox", { name: "User" }).fill("admin");
      await page.getByRole("textbox", { name: "Password" }).fill("guessed");
      await page.getByRole("button", { name: "Log in" }).click();
      await page.getByText(/wrong user or password/i).waitFor();
      await picture(page, "login refused");
      expect(await findBarriers(page)).toEqual([]);
      await page.getByRole("textbox", { name: "Password" }).fill("correct horse");
      await page.keyboard.press("Enter");
      await page.getByText("behind the login").waitFor();

      await page.getByText("Read-only", { exact: true }).waitFor();
      expect(await page.getByRole("button", { name: "Edit", exact: true }).isDisabled()).toBe(true);
      expect(await page.getByRole("button", { name: "New key" }).isDisabled()).toBe(true);
      const cookies = await page.context().cookies();
      expect(cookies.map(({ httpOnly, sameSite }) => [httpOnly, sameSite])).toEqual([[true, "Strict"]]);
      expect(await page.evaluate("document.cookie")).toBe("");

      await page.getByRole("button", { name: "More" }).click();
      await page.getByRole("menuitem", { name: /^Log out/ }).click();
      await page.getByRole("button", { name: "Log in" }).waitFor();
      expect(await page.getByText("behind the login").count()).toBe(0);
    });
  },
);
