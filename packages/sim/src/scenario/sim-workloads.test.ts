/** Each workload on a cluster that is well: it does what it is for, and its checker has nothing to say. */
import { expect, test } from "vitest";
import { SimCluster } from "../cluster/sim-cluster.js";
import { SimWorld } from "./sim-workloads.js";
import { AppendLists } from "./workloads/append-lists.js";
import { AuthChanges } from "./workloads/auth-changes.js";
import { Fencing } from "./workloads/fencing.js";
import { Leases } from "./workloads/leases.js";
import { ListWatch } from "./workloads/list-watch.js";
import { MemberLists } from "./workloads/member-lists.js";
import { Sets } from "./workloads/sets.js";
import type { Workload } from "./workloads/world.js";

const OPTIONS = { seed: 7, workerCount: 3, pauseMs: 60, clockErrorMax: 0.1 };
const LIFE_MS = 6000;
const END_MS_MAX = 60_000;

async function live<T extends Workload>(create: (world: SimWorld) => T, lifeMs = LIFE_MS): Promise<T> {
  const cluster = new SimCluster({ seed: 7, memberCount: 3, flags: new Map(), clockRate: () => 1 });
  const { time } = cluster;
  cluster.start();
  await time.run(30_000, () => cluster.isServing && cluster.leader !== undefined);
  const workload = create(new SimWorld(cluster));
  workload.start();
  await time.run(time.nowMs + lifeMs);
  workload.end();
  await time.run(time.nowMs + END_MS_MAX, () => workload.isQuiet);
  let verdict: unknown;
  void workload.judge().then((told) => (verdict = told));
  await time.run(time.nowMs + END_MS_MAX, () => verdict !== undefined);
  expect(verdict).toEqual({ violations: [], limits: [] });
  expect(workload.operationCount).toBeGreaterThan(20);
  expect(cluster.ends).toEqual([]);
  return workload;
}

test("lists in transactions", async () => {
  const { history } = await live((world) => new AppendLists(world, OPTIONS));
  const outcomes = new Set(history.map(({ outcome }) => outcome));
  expect([...outcomes].sort()).toEqual(["failed", "ok"]);
});

test("sets", async () => {
  const { history } = await live((world) => new Sets(world, OPTIONS));
  expect(history.some((each) => each.kind === "read" && each.elements.length > 50)).toBe(true);
});

test("leases with keys", async () => {
  const { histories } = await live((world) => new Leases(world, OPTIONS));
  const kinds = new Set(histories.flatMap(({ operations }) => operations.map(({ kind }) => kind)));
  expect([...kinds].sort()).toEqual(["attach", "read", "renew", "revoke", "time-to-live"]);
});

test("locks with fences", async () => {
  // One holds at a time, and some sleep while they do.
  const { holds, writes } = await live((world) => new Fencing(world, OPTIONS), 3 * LIFE_MS);
  expect(new Set(holds.map(({ client }) => client)).size).toBe(3);
  expect(writes.some(({ outcome }) => outcome === "ok")).toBe(true);
});

test("lists and watches", async () => {
  const { reflectors, writes } = await live((world) => new ListWatch(world, OPTIONS));
  expect(writes.some(({ kind }) => kind === "delete")).toBe(true);
  for (const reflector of reflectors)
    expect(reflector.toLog().records.some(({ kind }) => kind === "events")).toBe(true);
});

test("lists of members", async () => {
  const { listings } = await live((world) => new MemberLists(world, OPTIONS));
  expect(listings.every(({ members }) => members.length === 3)).toBe(true);
});

test("permissions that change", async () => {
  const { operations } = await live((world) => new AuthChanges(world, OPTIONS));
  const denied = operations.filter(({ outcome }) => outcome === "denied");
  expect(denied.some(({ user }) => user === "")).toBe(true);
  expect(denied.some(({ user }) => user !== "")).toBe(true);
  expect(operations.some(({ user, outcome }) => user !== "" && outcome === "ok")).toBe(true);
});
