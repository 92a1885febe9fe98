/** What is printed of a broken life: when its seed is replayed, and when a look through seeds comes upon it. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createPlan } from "../scenario/create-plan.js";
import { QUEUE_MUTATIONS } from "./testing/queue-mutations.js";
import { buildSimulator, type Printed } from "./testing/simulator.js";

const NAME = "readers-without-limit";
const packages = fileURLToPath(new URL("../../../", import.meta.url));
const caught = JSON.parse(
  readFileSync(new URL("./testing/caught.json", import.meta.url), "utf8"),
) as Readonly<Record<string, { readonly seed: number; readonly violation: string }>>;
const scratch = mkdtempSync(join(tmpdir(), "replay-"));
let simulate: (...options: readonly string[]) => Promise<Printed>;

beforeAll(async () => {
  const mutation = QUEUE_MUTATIONS.find(({ name }) => name === NAME);
  if (mutation === undefined) throw new Error(`no mutation ${NAME}`);
  simulate = await buildSimulator({ packages, scratch }, mutation);
}, 60_000);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const { seed = 0, violation = "" } = caught[NAME] ?? {};

test("a replay prints the plan, the members' lines, what was broken, and the same trace each time", async () => {
  const first = await simulate("--seed", String(seed));
  const second = await simulate("--seed", String(seed));
  expect(first.code).toBe(1);
  expect(second).toEqual(first);
  expect(first.stdout).toContain(`{"seed":${seed},"ploy":"crowded"`);
  expect(first.stdout).toMatch(/^ {2}\{"atMs":\d+,.*"kind":"crowd"/m);
  expect(first.stdout).toMatch(/^[\d.]+ m1: info /m);
  expect(first.stdout).toContain(`seed ${seed}: BROKEN\n${violation}\n`);
  expect(first.stdout).toMatch(/ simulated seconds, \d+ operations, trace [0-9a-f]+$/m);
}, 120_000);

test("a look through seeds prints the seed, what was broken, and a shorter plan that still breaks it", async () => {
  const { code, stdout } = await simulate("--from", String(seed), "--count", "1", "--lines", "5");
  expect(code).toBe(1);
  expect(stdout).toContain(`seed ${seed}: BROKEN\n${violation}\n`);
  const [, shrunk = ""] = stdout.split("the shortest plan found:\n");
  expect(shrunk).toContain(`{"seed":${seed},`);
  expect(shrunk).toContain("readersWaitingMax");
  const faults = shrunk.split("\n").filter((line) => line.startsWith("  {"));
  expect(faults.some((line) => line.includes('"kind":"crowd"'))).toBe(true);
  expect(faults.length).toBeLessThan(createPlan(seed).faults.length);
  expect(stdout).toMatch(/fullest queues: .*readersWaitingMax \d{3} %/);
  expect(stdout).toContain("0 seeds judged in part, 1 violations");
}, 240_000);
