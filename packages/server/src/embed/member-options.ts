/**
 * What an embedded member is told, in types; it becomes the same flag texts that the server's command line has, so that there is
 * one place that checks them and one set of defaults.
 */
import type { TracerProvider } from "@opentelemetry/api";
import { FLAG_TABLE } from "../node/config/flag-table.js";
import { ConfigError, resolveConfig, type MemberConfig } from "../node/config/config.js";
import { parseFlags } from "../node/config/parse-flags.js";
import type { Logger } from "../node/log/logger.js";

/** Where the database's work is done. */
export type EngineOption =
  /** In the thread of the caller: nothing to ship, some microseconds of that thread for each row. */
  | { readonly kind: "inline" }
  /** In a worker thread started from this file, the server's built `engine-thread.cjs`. */
  | { readonly kind: "thread"; readonly file: string };

export interface MemberOptions {
  /** Created if missing; locked while the member runs. A member must never be started on another one's folder. */
  readonly dataDir: string;
  /** Of the member within its cluster. Default `default`. */
  readonly name?: string;
  /** Where clients connect, as `http://host:port`; port 0 is any free one. Default `http://127.0.0.1:0`. */
  readonly listenClientUrls?: readonly string[];
  /** What clients are told to connect to; default is `listenClientUrls` with their ports. */
  readonly advertiseClientUrls?: readonly string[];
  /** Where other members connect, as above. Default `http://127.0.0.1:0`. */
  readonly listenPeerUrls?: readonly string[];
  /** What other members are told to connect to; default is `listenPeerUrls` with their ports. */
  readonly advertisePeerUrls?: readonly string[];
  /** The first members of the cluster, URLs by name; default is this member alone. */
  readonly initialCluster?: Readonly<Record<string, readonly string[]>>;
  /** `existing` joins a cluster that was told of this member. Default `new`. */
  readonly initialClusterState?: "new" | "existing";
  /** Clusters with unlike tokens have unlike ids, even with equal URLs. Default `etcd-cluster`. */
  readonly initialClusterToken?: string;
  /** Milliseconds between heartbeats of a leader. Default 100. */
  readonly heartbeatMs?: number;
  /** Milliseconds without a leader until an election; at least five heartbeats. Default 1000. */
  readonly electionMs?: number;
  /** Bytes of the database that raise the NOSPACE alarm; 0 is the default of 2 GiB, a negative number means no limit. */
  readonly quotaBytes?: number;
  /** Operations in a transaction. Default 128. */
  readonly txnOpsMax?: number;
  /** Bytes of a request. Default 1.5 MiB. */
  readonly requestBytesMax?: number;
  /** History to keep: of this many milliseconds, or this many revisions. Default: all until `compact` is called. */
  readonly autoCompaction?: { readonly periodMs: number } | { readonly revisions: number };
  /** Default: in the caller's thread. */
  readonly engine?: EngineOption;
  /** Any other flag of the server's command line by its name without dashes, as text. The fields above win over it. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Default: silence. */
  readonly logger?: Logger;
  /** Takes the spans of calls, as OpenTelemetry's API has it, unless flags send them to a collector. Default: no spans. */
  readonly tracerProvider?: TracerProvider;
  /**
   * The member met something it can't go on with; nothing is acknowledged afterwards. Called at most once.
   * Default: the error is thrown as an uncaught one, so that it is not missed.
   */
  readonly onFatal?: (error: Error) => void;
  /** The member was removed from its cluster and should be stopped for good. Called at most once. Default: nothing. */
  readonly onRemoved?: () => void;
}

/** The URLs a member really gets. */
export interface MemberUrls {
  readonly client: readonly string[];
  readonly peer: readonly string[];
}

/** @throws ConfigError with the words of the command line. */
export function configOf(options: MemberOptions, urls: MemberUrls): MemberConfig {
  const words = [...flagTexts(options, urls)].map(([name, text]) => `--${name}=${text}`);
  const parsed = parseFlags(words, {});
  if (parsed.kind === "run") return resolveConfig(parsed.given);
  throw new ConfigError(parsed.kind === "error" ? parsed.message : `--${parsed.kind} is not for a member`);
}

function flagTexts(options: MemberOptions, urls: MemberUrls): Map<string, string> {
  const texts = new Map(Object.entries(options.flags ?? {}));
  const set = (name: string, value: string | number | undefined): void => {
    if (value !== undefined) texts.set(name, String(value));
  };
  for (const name of texts.keys()) {
    if (!FLAG_TABLE.some((spec) => spec.name === name)) throw new ConfigError(`there is no flag "${name}"`);
  }
  set("name", options.name);
  set("data-dir", options.dataDir);
  set("listen-client-urls", urls.client.join(","));
  set("advertise-client-urls", (options.advertiseClientUrls ?? urls.client).join(","));
  set("listen-peer-urls", urls.peer.join(","));
  set("initial-advertise-peer-urls", (options.advertisePeerUrls ?? urls.peer).join(","));
  set("initial-cluster", options.initialCluster && clusterText(options.initialCluster));
  set("initial-cluster-state", options.initialClusterState);
  set("initial-cluster-token", options.initialClusterToken);
  set("heartbeat-interval", options.heartbeatMs);
  set("election-timeout", options.electionMs);
  set("quota-backend-bytes", options.quotaBytes);
  set("max-txn-ops", options.txnOpsMax);
  set("max-request-bytes", options.requestBytesMax);
  const { autoCompaction } = options;
  if (autoCompaction !== undefined) {
    const periodic = "periodMs" in autoCompaction;
    set("auto-compaction-mode", periodic ? "periodic" : "revision");
    set(
      "auto-compaction-retention",
      periodic ? `${autoCompaction.periodMs}ms` : String(autoCompaction.revisions),
    );
  }
  return texts;
}

function clusterText(cluster: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(cluster)
    .flatMap(([name, urls]) => urls.map((url) => `${name}=${url}`))
    .join(",");
}
