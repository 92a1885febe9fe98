/** The configured clusters, each with what the console keeps for it. */
import { consolepb, create } from "@quorate/proto";
import { MetricsCollector } from "../metrics/metrics-collector.js";
import { AuthState } from "../overview/auth-state.js";
import { gatherOverview } from "../overview/gather-overview.js";
import { OverviewFeed } from "../overview/overview-feed.js";
import type { ClusterCalls } from "./cluster-calls.js";
import type { ClusterOptions } from "./cluster-options.js";
import { MemberDirectory } from "./member-directory.js";

/** Calls to one cluster, and their end. */
export interface Connection {
  readonly calls: ClusterCalls;
  close(): void | Promise<void>;
}

export type Connect = (options: ClusterOptions) => Connection;

export interface Cluster {
  readonly options: ClusterOptions;
  readonly calls: ClusterCalls;
  readonly directory: MemberDirectory;
  readonly metrics: MetricsCollector;
  readonly overview: OverviewFeed;
  readonly auth: AuthState;
}

export class Clusters {
  readonly first: Cluster;
  readonly #byId = new Map<string, { readonly cluster: Cluster; readonly connection: Connection }>();

  constructor(all: readonly ClusterOptions[], connect: Connect) {
    for (const options of all) {
      const connection = connect(options);
      this.#byId.set(options.id, { connection, cluster: createCluster(options, connection.calls) });
    }
    const [first] = this.#byId.values();
    if (first === undefined) throw new Error("a console without clusters");
    this.first = first.cluster;
  }

  find(id: string): Cluster | undefined {
    return this.#byId.get(id)?.cluster;
  }

  /** For browsers: no credentials. */
  describe(): consolepb.ClusterRef[] {
    return [...this.#byId.values()].map(({ cluster: { options } }) =>
      create(consolepb.ClusterRefSchema, {
        id: options.id,
        name: options.name,
        endpoints: [...options.endpoints],
        tls: options.endpoints.some((endpoint) => /^(https|unixs):/.test(endpoint)),
        user: options.credentials?.user ?? "",
      }),
    );
  }

  /** Begins to keep metrics. */
  start(): void {
    for (const { cluster } of this.#byId.values()) cluster.metrics.start();
  }

  async stop(): Promise<void> {
    for (const { cluster } of this.#byId.values()) cluster.metrics.stop();
    for (const { connection } of this.#byId.values()) await connection.close();
  }
}

function createCluster(options: ClusterOptions, calls: ClusterCalls): Cluster {
  const directory = new MemberDirectory(calls, options.endpoints);
  const metrics = new MetricsCollector({ directory, tls: options.tls });
  const auth = new AuthState(calls);
  const overview = new OverviewFeed(async (signal) => {
    const uptimeSeconds = (id: bigint): number => metrics.uptimeSeconds(id);
    const [gathered, { offered, enabled }] = await Promise.all([
      gatherOverview({ calls, directory, uptimeSeconds }, signal),
      auth.read(signal),
    ]);
    gathered.authOffered = offered;
    gathered.authEnabled = enabled;
    return gathered;
  });
  return { options, calls, directory, metrics, overview, auth };
}
