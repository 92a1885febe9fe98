/** Whole clusters in one process: the door of the simulator. */
export { SimCluster, type SimClusterOptions, type UnexpectedEnd } from "./cluster/sim-cluster.js";
export { SimMember } from "./cluster/sim-member.js";
export { SimClient, SimStream } from "./cluster/sim-client.js";
export { createPlan } from "./scenario/create-plan.js";
export { describePlan, type Fault, type FaultKind, type Plan } from "./scenario/plan.js";
export { runPlan, type RunResult } from "./scenario/run-plan.js";
export { SHRINK_RUNS_MAX, shrinkPlan } from "./scenario/shrink.js";
