/** Debian's Chromium, driven without a window. One browser process serves all pages of a suite. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import type { Browser } from "playwright-core";
import { missesPrograms } from "../harness/programs.js";

const CHROMIUM_DEFAULT = "/usr/bin/chromium";

/** The console as its build leaves it. */
export const consoleBundle: string = fileURLToPath(
  new URL("../../../console/dist/console.cjs", import.meta.url),
);

function executable(): string {
  const named = process.env["CHROMIUM_BIN"];
  return named === undefined || named === "" ? CHROMIUM_DEFAULT : named;
}

/** Says on the console what the suite misses and how to get it. @returns true when the suite has to skip. */
export function missesBrowser(suite: string): boolean {
  const complaints: string[] = [];
  if (!existsSync(executable())) {
    complaints.push(`no browser at ${executable()}; install chromium or name a binary in CHROMIUM_BIN`);
  }
  if (!existsSync(consoleBundle)) {
    complaints.push(
      `the console is not built (expected at ${consoleBundle}); run npm start once, or npm test`,
    );
  }
  for (const complaint of complaints) console.warn(`skipped: ${suite}: ${complaint}`);
  return missesPrograms(suite, ["quorate"]) || complaints.length > 0;
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: executable(),
    args: [
      // Root may not use the sandbox, and the pages are our own.
      "--no-sandbox",
      // Containers have a small /dev/shm.
      "--disable-dev-shm-usage",
    ],
  });
}
