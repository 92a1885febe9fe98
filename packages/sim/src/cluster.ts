/** Whole clusters in one process: the door of the simulator. */
export { SimCluster, type SimClusterOptions, type UnexpectedEnd } from "./cluster/sim-cluster.js";
export { SimMember } from "./cluster/sim-member.js";
export { SimClient, SimStream } from "./cluster/sim-client.js";
