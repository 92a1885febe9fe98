/** Ties clusters to a test: whatever happens, they are gone after it, and their logs are kept when it failed. */
import { onTestFinished } from "vitest";
import { TestCluster } from "./test-cluster.js";
import type { MemberPlan } from "./test-cluster.js";

/** Starts a cluster that lives as long as the test that calls this. */
export async function startCluster(plans: readonly MemberPlan[]): Promise<TestCluster> {
  const cluster = await prepareCluster(plans);
  await cluster.start();
  return cluster;
}

/** As `startCluster`, with the members still to be started. */
export async function prepareCluster(plans: readonly MemberPlan[]): Promise<TestCluster> {
  const cluster = await TestCluster.prepare(plans);
  onTestFinished(async ({ task }) => {
    if (task.result?.state === "fail") cluster.keepLogs();
    await cluster.dispose();
  });
  return cluster;
}
