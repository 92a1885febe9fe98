/** How much faster than real time a cluster of three lives: idle, and with a steady load. */
import { callKv } from "@quorate/sim";
import { SimCluster } from "@quorate/sim/cluster";

const START_MS = 20_000;
const MEASURED_MS = 600_000;
const DEADLINE_MS = 5000;
const PUTS_PER_SECOND = [0, 1, 10, 100];

export async function measureSpeed(): Promise<void> {
  for (const rate of PUTS_PER_SECOND) {
    const cluster = new SimCluster({ seed: 1, memberCount: 3, flags: new Map(), clockRate: () => 1 });
    const { time } = cluster;
    cluster.start();
    await time.run(START_MS, () => cluster.isServing && cluster.leader !== undefined);
    const { leader } = cluster;
    if (leader === undefined) throw new Error("the cluster does not start");
    const client = cluster.client("client", leader);
    let puts = 0;
    const put = (): void => {
      const request = { kind: "put", key: `key${puts % 100}`, value: String(puts++) } as const;
      void callKv(client, request, DEADLINE_MS);
      time.after(1000 / rate, put);
    };
    if (rate > 0) put();
    // The first minute is the compiler's.
    await time.run(time.nowMs + MEASURED_MS / 10);
    const before = process.cpuUsage();
    await time.run(time.nowMs + MEASURED_MS);
    const { user, system } = process.cpuUsage(before);
    const faster = MEASURED_MS / ((user + system) / 1000);
    console.log(`${rate} puts a second: ${faster.toFixed(0)} times faster than real time`);
  }
}
