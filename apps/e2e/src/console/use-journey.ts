/**
 * What a journey needs: a member with its console, and pages of a real browser that show it.
 *
 * Whatever a page complains about (an exception, a line on its console, a breach of its security policy) fails the test that opened it.
 * With `CONSOLE_SCREENSHOTS` set to a folder, `picture` leaves what the page looks like there.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished } from "vitest";
import { subjectKind } from "../harness/programs.js";
import { Member } from "../harness/member.js";
import { WireClient } from "../harness/wire-client.js";
import { launchBrowser } from "./chromium.js";
import { ConsoleProcess } from "./console-process.js";

/** Time that anything on a page may take to appear. */
const APPEAR_MS_MAX = 15_000;

export const WIDE = { width: 1280, height: 800 };
export const NARROW = { width: 390, height: 844 };

export interface JourneyOptions {
  /** Of the member, after the common ones. */
  readonly memberFlags?: readonly string[];
  /** Of the console, after its endpoints. */
  readonly consoleFlags?: readonly string[];
}

export interface PageOptions {
  readonly size?: typeof WIDE;
  readonly theme?: "light" | "dark";
  /** Complaints that belong to the journey, such as a refused call. */
  readonly allows?: RegExp;
}

export interface Journey {
  readonly member: Member;
  readonly client: WireClient;
  readonly browser: Browser;
  readonly url: string;
  /** Opens `path` in a browser profile of its own; closed when the test ends. */
  open(path?: string, options?: PageOptions): Promise<Page>;
}

/** To be called once in a suite. The journey's properties are there inside tests and hooks. */
export function useJourney(options: JourneyOptions = {}): Journey {
  const state: { member?: Member; client?: WireClient; console?: ConsoleProcess; browser?: Browser } = {};
  beforeAll(async () => {
    state.member = await Member.start({ kind: subjectKind, flags: options.memberFlags ?? [] });
    state.client = new WireClient(state.member.endpoint);
    state.console = await ConsoleProcess.start([
      `--endpoints=${state.member.endpoint}`,
      ...(options.consoleFlags ?? []),
    ]);
    state.browser = await launchBrowser();
  });
  afterAll(async () => {
    await state.browser?.close();
    await state.console?.stop();
    state.client?.close();
    await state.member?.dispose();
  });
  return {
    get member() {
      return demand(state.member);
    },
    get client() {
      return demand(state.client);
    },
    get browser() {
      return demand(state.browser);
    },
    get url() {
      return demand(state.console).url;
    },
    open: (path = "", pageOptions = {}) =>
      openPage(demand(state.browser), new URL(path, demand(state.console).url).href, pageOptions),
  };
}

export async function openPage(browser: Browser, url: string, options: PageOptions = {}): Promise<Page> {
  const context = await browser.newContext({
    viewport: options.size ?? WIDE,
    colorScheme: options.theme ?? "light",
    reducedMotion: "reduce",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  page.setDefaultTimeout(APPEAR_MS_MAX);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.stack ?? error.message));
  page.on("console", (line) => {
    if (line.type() === "error") complaints.push(line.text());
  });
  onTestFinished(async ({ task }) => {
    if (task.result?.state === "fail") await picture(page, `failed ${task.name}`);
    await context.close();
    const unexpected = complaints.filter((text) => options.allows?.test(text) !== true);
    expect(unexpected, "what the page complained about").toEqual([]);
  });
  await page.goto(url);
  return page;
}

/** Resolves when the screen has what it asked for: none of its parts says that it is busy. */
export async function settle(page: Page): Promise<void> {
  await page.getByRole("main").waitFor();
  // Asked from here: a function that waits within the page would need what the page's policy forbids.
  const busy = page.locator("[aria-busy=true], .q-skeleton");
  await expect.poll(() => busy.count(), { timeout: APPEAR_MS_MAX }).toBe(0);
}

/** Leaves a picture of the page, if somebody wants to look at it. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env["CONSOLE_SCREENSHOTS"];
  if (folder === undefined || folder === "") return;
  mkdirSync(folder, { recursive: true });
  const file = `${name
    .replaceAll(/[^A-Za-z0-9]+/g, "-")
    .toLowerCase()
    .slice(0, 100)}.png`;
  await page.screenshot({ path: join(folder, file) });
}

function demand<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the journey has not begun");
  return value;
}
