import { afterAll, afterEach, beforeAll } from "vitest";
import { FaultCluster } from "./fault-cluster.js";
import type { FaultClusterOptions } from "./fault-cluster.js";

/**
 * Ties a cluster's life to a suite: started before its tests, disposed of after them, also when it did not start or a test
 * failed; then its logs are kept. What was registered for the end before this is done after it: disks and networks outlive
 * their members.
 * @returns a function that gives the running cluster; only to be called inside tests and hooks.
 */
export function useFaultCluster(describeCluster: () => Promise<FaultClusterOptions>): () => FaultCluster {
  let cluster: FaultCluster | undefined;
  beforeAll(async () => {
    cluster = await FaultCluster.start(await describeCluster());
  });
  afterEach((context) => {
    if (context.task.result?.state === "fail") cluster?.keepLogs();
  });
  afterAll(async () => {
    await cluster?.dispose();
  });
  return () => {
    if (cluster === undefined) throw new Error("the cluster did not start");
    return cluster;
  };
}
