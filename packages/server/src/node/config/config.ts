/**
 * The configuration of one member: flag texts turned into typed values, checked in one place.
 * Sources: etcd `server/embed/config.go`, `server/config/config.go`; texts of errors are etcd's where it has one.
 */
import { readDiscoveryFlags, type DiscoverySettings, type SrvSettings } from "./discovery-flags.js";
import { parseRotation, type RotationSettings } from "../log/rotation.js";
import { isIP } from "node:net";
import { ConfigFileError, readConfigFile } from "./config-file.js";
import { parseFeatureGates, type FeatureGate } from "./feature-gates.js";
import { FLAG_TABLE, type FlagSpec } from "./flag-table.js";
import { formatGoDuration, parseGoBool, parseGoDurationMs, parseGoInt } from "./go-values.js";
import { readObservabilityFlags, type ObservabilityFlags } from "./observability-flags.js";
import type { FlagTexts } from "./parse-flags.js";
import { checkScheme, readTlsFlags } from "./tls-flags.js";
import type { TlsSettings } from "../tls/tls-settings.js";
import { parseInitialCluster, parseUrls, UrlError, type MemberUrl } from "./urls.js";

export const LOG_LEVELS = ["debug", "info", "warn", "error", "panic", "fatal"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type AutoCompaction =
  | { readonly kind: "off" }
  | { readonly kind: "periodic"; readonly periodMs: number }
  | { readonly kind: "revision"; readonly retention: number };

export interface MemberConfig extends ObservabilityFlags {
  readonly name: string;
  readonly dataDir: string;
  readonly walDir: string;
  readonly listenClientUrls: readonly MemberUrl[];
  readonly advertiseClientUrls: readonly MemberUrl[];
  readonly listenPeerUrls: readonly MemberUrl[];
  readonly listenMetricsUrls: readonly MemberUrl[];
  /** When there are any, HTTP is served here and gRPC alone on the client URLs. */
  readonly listenClientHttpUrls: readonly MemberUrl[];
  readonly clientTls: TlsSettings;
  readonly peerTls: TlsSettings;
  /** Origins that browsers may call from, and names that this server may be called by; `*` for all. */
  readonly cors: readonly string[];
  readonly hostWhitelist: readonly string[];
  readonly enableGateway: boolean;
  /** Whether profiles of the process are served, to whoever reaches a client URL. */
  readonly enableProfiles: boolean;
  /** Whose pages may speak gRPC-Web; none: nobody's. */
  readonly grpcWebOrigins: readonly string[];
  /** Of certificates of our own making, in years of 365 days. */
  readonly selfSignedValidityYears: number;
  /** `extensive` adds the durations of all calls by method. */
  readonly metrics: "basic" | "extensive";
  readonly featureGates: readonly FeatureGate[];
  readonly advertisePeerUrls: readonly MemberUrl[];
  /** Peer URL texts by member name. */
  readonly initialCluster: ReadonlyMap<string, readonly string[]>;
  /** The token of the registry where there is one. */
  readonly initialClusterToken: string;
  /** A registry that says who the members are. */
  readonly discovery: DiscoverySettings | undefined;
  readonly discoverySrv: SrvSettings;
  readonly initialClusterState: "new" | "existing";
  readonly tickMs: number;
  readonly electionTicks: number;
  readonly preVote: boolean;
  readonly initialElectionTickAdvance: boolean;
  readonly strictReconfigCheck: boolean;
  readonly forceNewCluster: boolean;
  /** Segments of the log left on disk although they are no longer needed; Infinity for all. */
  readonly walsMax: number;
  /** How often the leader looks whether a downgrade is done; 0 for never. */
  readonly downgradeCheckMs: number;
  /** How often the leader compares its data with the others'; 0 for never. */
  readonly corruptCheckMs: number;
  /** How often the leader compares what compactions left; 0 for never, because the feature gate is off. */
  readonly compactHashCheckMs: number;
  /** Compare own data with the others' before serving. */
  readonly initialCorruptCheck: boolean;
  readonly snapshotCountEntries: number;
  readonly snapshotCatchUpEntries: number;
  /** As given: 0 means the default of 2 GiB, negative means no quota. */
  readonly quotaBytes: number;
  readonly txnOpsMax: number;
  readonly requestBytesMax: number;
  readonly concurrentStreamsMax: number;
  readonly learnersMax: number;
  readonly keepaliveMinTimeMs: number;
  readonly keepaliveIntervalMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly watchProgressMs: number;
  /** Kind of tokens and its options, as `jwt,sign-method=RS256,...`. */
  readonly authToken: string;
  /** Of simple tokens, since their last use. */
  readonly authTokenTtlMs: number;
  readonly bcryptCost: number;
  readonly autoCompaction: AutoCompaction;
  readonly compactionBatchLimit: number;
  readonly compactionSleepMs: number;
  readonly logLevel: LogLevel;
  readonly logFormat: "json" | "console";
  readonly logOutputs: readonly string[];
  /** Of the one file among the outputs. */
  readonly logRotation: RotationSettings | undefined;
  /** Warnings to log once a logger exists. */
  readonly warnings: readonly string[];
}

const AUTH_TOKEN_TTL_SECONDS = 300;
/** Progress notifications of one stream do not come more often (etcd). */
const WATCH_PROGRESS_MS_MIN = 100;

/** A configuration that can't run; the process exits with 1 and this text. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** @throws ConfigError */
export function resolveConfig(flags: FlagTexts): MemberConfig {
  try {
    const path = flags.get("config-file") ?? "";
    if (path === "") return resolve(flags, []);
    const warning = `loaded server configuration, other configuration command line flags and environment variables will be ignored if provided: ${path}`;
    return resolve(readConfigFile(path), [warning]);
  } catch (error) {
    if (error instanceof UrlError || error instanceof ConfigFileError)
      throw new ConfigError(error.message, { cause: error });
    throw error;
  }
}

function resolve(given: FlagTexts, notices: readonly string[]): MemberConfig {
  const warnings: string[] = [...notices];
  checkBootstrapFlags(given);
  warnOfIneffective(given, warnings);
  const values = new FlagValues(given);
  if (given.has("listen-client-urls") && !given.has("advertise-client-urls")) {
    throw new ConfigError("--advertise-client-urls is required when --listen-client-urls is set explicitly");
  }
  const name = values.text("name");
  const dataDir = values.text("data-dir") || `${name}.etcd`;
  if (!given.has("data-dir")) warnings.push("'data-dir' was empty; using default");
  const advertisePeerUrls = parseUrls(values.text("initial-advertise-peer-urls"));
  const tickMs = values.integer("heartbeat-interval");
  const electionMs = values.integer("election-timeout");
  checkTimes(tickMs, electionMs);
  const hashCheckMs = values.durationMs("compact-hash-check-time");
  if (hashCheckMs <= 0)
    fail(`--compact-hash-check-time must be >0 (set to ${formatGoDuration(hashCheckMs)})`);
  const corruptCheckMs = values.durationMs("corrupt-check-time");
  if (corruptCheckMs < 0)
    fail(`--corrupt-check-time must be >=0 (set to ${formatGoDuration(corruptCheckMs)})`);
  const featureGates = resolveFeatureGates(values.text("feature-gates"));
  const isOn = (gate: string): boolean => featureGates.some(({ name, enabled }) => enabled && name === gate);
  const discovery = readDiscoveryFlags(values, fail);
  const reusePort = values.boolean("socket-reuse-port");
  if (reusePort) checkReusePort();
  const clusterState = values.text("initial-cluster-state");
  if (clusterState !== "new" && clusterState !== "existing")
    return fail(`unexpected clusterState "${clusterState}"`);
  const tls = readTlsFlags(values, fail, warnings);
  const checked = (urls: MemberUrl[], kind: "client" | "peer" | "metrics"): MemberUrl[] => {
    const settings = kind === "peer" ? tls.peerTls : tls.clientTls;
    if (reusePort) urls = urls.map((url) => ({ ...url, reusePort }));
    for (const url of urls) {
      const found = checkScheme(url, { settings, kind });
      if (found === undefined) continue;
      if ("error" in found) fail(found.error);
      else warnings.push(found.warning);
    }
    return urls;
  };
  const listenClientUrls = checked(parseListenUrls(values.text("listen-client-urls")), "client");
  const listenClientHttpUrls = checked(parseListenUrls(values.text("listen-client-http-urls")), "client");
  const shared = listenClientUrls.find(({ text }) =>
    listenClientHttpUrls.some((other) => other.text === text),
  );
  if (shared !== undefined)
    fail(
      `cannot bind both --listen-client-urls and --listen-client-http-urls on the same url ${shared.text}`,
    );
  const logOutputs = resolveLogOutputs(values.text("log-outputs"), values.text("logger"));
  return {
    name,
    dataDir,
    walDir: values.text("wal-dir"),
    listenClientUrls,
    listenClientHttpUrls,
    ...tls,
    cors: values.list("cors"),
    hostWhitelist: values.list("host-whitelist"),
    enableGateway: values.boolean("enable-grpc-gateway"),
    enableProfiles: values.boolean("enable-pprof"),
    grpcWebOrigins: values.list("grpc-web-origins"),
    advertiseClientUrls: parseUrls(values.text("advertise-client-urls")),
    listenPeerUrls: checked(parseListenUrls(values.text("listen-peer-urls")), "peer"),
    listenMetricsUrls: checked(parseListenUrls(values.text("listen-metrics-urls")), "metrics"),
    metrics: values.text("metrics") === "extensive" ? "extensive" : "basic",
    featureGates,
    ...readObservabilityFlags(values, fail),
    advertisePeerUrls,
    initialCluster: resolveInitialCluster(given, name, advertisePeerUrls),
    initialClusterToken: discovery?.token ?? values.text("initial-cluster-token"),
    discovery,
    discoverySrv: {
      domain: values.text("discovery-srv"),
      serviceSuffix: values.text("discovery-srv-name"),
    },
    initialClusterState: clusterState,
    tickMs,
    electionTicks: Math.floor(electionMs / tickMs),
    preVote: values.boolean("pre-vote"),
    initialElectionTickAdvance: values.boolean("initial-election-tick-advance"),
    strictReconfigCheck: values.boolean("strict-reconfig-check"),
    forceNewCluster: values.boolean("force-new-cluster"),
    walsMax: values.integer("max-wals") || Infinity,
    downgradeCheckMs: values.durationMs("downgrade-check-time"),
    corruptCheckMs,
    compactHashCheckMs: isOn("CompactHashCheck") ? hashCheckMs : 0,
    initialCorruptCheck: isOn("InitialCorruptCheck"),
    snapshotCountEntries: values.integerOrDefault("snapshot-count"),
    snapshotCatchUpEntries: values.integerOrDefault("snapshot-catchup-entries"),
    quotaBytes: values.integer("quota-backend-bytes"),
    txnOpsMax: values.integer("max-txn-ops"),
    requestBytesMax: values.integer("max-request-bytes"),
    concurrentStreamsMax: values.integerOrDefault("max-concurrent-streams"),
    learnersMax: values.integer("max-learners"),
    keepaliveMinTimeMs: values.durationMs("grpc-keepalive-min-time"),
    keepaliveIntervalMs: values.durationMs("grpc-keepalive-interval"),
    keepaliveTimeoutMs: values.durationMs("grpc-keepalive-timeout"),
    watchProgressMs: resolveWatchProgress(
      values.durationMsOrDefault("watch-progress-notify-interval"),
      warnings,
    ),
    authToken: values.text("auth-token"),
    // 0 means the default, as in etcd.
    authTokenTtlMs: (values.integer("auth-token-ttl") || AUTH_TOKEN_TTL_SECONDS) * 1000,
    bcryptCost: values.integer("bcrypt-cost"),
    autoCompaction: resolveAutoCompaction(
      values.text("auto-compaction-mode"),
      values.text("auto-compaction-retention"),
    ),
    // A batch of nothing would come to no end.
    compactionBatchLimit: values.integerOrDefault("compaction-batch-limit"),
    compactionSleepMs: values.durationMsOrDefault("compaction-sleep-interval"),
    logLevel: oneOf(values.text("log-level"), LOG_LEVELS, "log-level"),
    logFormat: oneOf(values.text("log-format"), ["json", "console"], "log-format"),
    logOutputs,
    logRotation: values.boolean("enable-log-rotation")
      ? resolveLogRotation(values.text("log-rotation-config-json"), logOutputs)
      : undefined,
    warnings,
  };
}

/** Flag texts with their defaults; the kinds were checked when they were parsed. */
class FlagValues {
  readonly #given: FlagTexts;

  constructor(given: FlagTexts) {
    this.#given = given;
  }

  text(name: string): string {
    return this.#given.get(name) ?? fallbackOf(name);
  }

  list(name: string): readonly string[] {
    const parts = this.text(name).split(",");
    return parts.map((part) => part.trim()).filter((part) => part !== "");
  }

  boolean(name: string): boolean {
    return parseGoBool(this.text(name)) ?? false;
  }

  integer(name: string): number {
    return parseGoInt(this.text(name)) ?? 0;
  }

  /** Where zero means the default, as in etcd; and so does what is below it, with which nothing could work. */
  integerOrDefault(name: string): number {
    const value = this.integer(name);
    return value > 0 ? value : Number(fallbackOf(name));
  }

  durationMs(name: string): number {
    return parseGoDurationMs(this.text(name)) ?? 0;
  }

  /** As `integerOrDefault`. */
  durationMsOrDefault(name: string): number {
    const value = this.durationMs(name);
    return value > 0 ? value : (parseGoDurationMs(fallbackOf(name)) ?? 0);
  }
}

function fail(text: string): never {
  throw new ConfigError(text);
}

const FALLBACKS: ReadonlyMap<string, string> = new Map(FLAG_TABLE.map((spec) => [spec.name, spec.fallback]));

function fallbackOf(name: string): string {
  const fallback = FALLBACKS.get(name);
  if (fallback === undefined) throw new ConfigError(`unknown flag ${name}`);
  return fallback;
}

/** There is one way to learn who the first members are. */
function checkBootstrapFlags(given: FlagTexts): void {
  const ways = ["initial-cluster", "discovery-endpoints", "discovery-srv"];
  if (ways.filter((name) => (given.get(name) ?? "") !== "").length > 1) {
    throw new ConfigError(
      'multiple discovery or bootstrap flags are set. Choose one of "initial-cluster", "discovery-endpoints" or "discovery-srv"',
    );
  }
}

function warnOfIneffective(given: FlagTexts, warnings: string[]): void {
  for (const spec of FLAG_TABLE) {
    const text = given.get(spec.name);
    if (text === undefined || sameValue(spec, text)) continue;
    if (spec.effect === "accepted") warnings.push(`--${spec.name} is accepted but has no effect`);
  }
}

function sameValue(spec: FlagSpec, text: string): boolean {
  if (spec.kind === "bool") return parseGoBool(text) === parseGoBool(spec.fallback);
  if (spec.kind === "duration") return parseGoDurationMs(text) === parseGoDurationMs(spec.fallback);
  if (spec.kind === "int" || spec.kind === "uint") return parseGoInt(text) === parseGoInt(spec.fallback);
  return text === spec.fallback;
}

function checkTimes(tickMs: number, electionMs: number): void {
  if (tickMs <= 0) throw new ConfigError(`--heartbeat-interval must be >0 (set to ${String(tickMs)}ms)`);
  if (electionMs <= 0)
    throw new ConfigError(`--election-timeout must be >0 (set to ${String(electionMs)}ms)`);
  const election = `--election-timeout[${formatGoDuration(electionMs)}]`;
  if (electionMs < 5 * tickMs) {
    throw new ConfigError(
      `${election} should be at least as 5 times as --heartbeat-interval[${formatGoDuration(tickMs)}]`,
    );
  }
  if (electionMs > 50_000)
    throw new ConfigError(`${election} is too long, and should be set less than 50000ms`);
}

function parseListenUrls(text: string): MemberUrl[] {
  const urls = text === "" ? [] : parseUrls(text);
  for (const url of urls) {
    if (url.port === 0 && url.scheme.startsWith("unix")) continue;
    if (url.host !== "" && url.host !== "localhost" && isIP(url.host.replace(/%.*$/, "")) === 0) {
      throw new ConfigError(`expected IP in URL for binding (${url.text})`);
    }
  }
  return urls;
}

function resolveFeatureGates(text: string): readonly FeatureGate[] {
  const gates = parseFeatureGates(text);
  if (typeof gates === "string") throw new ConfigError(gates);
  return gates;
}

/** Read on every start, and looked at closely only when a member is born: with a log on disk these flags mean nothing. */
function resolveInitialCluster(
  given: FlagTexts,
  name: string,
  advertised: readonly MemberUrl[],
): Map<string, string[]> {
  const text = given.get("initial-cluster");
  // Given and empty, as by a script whose variable is not set, it is a cluster without members and not one of this member.
  if (text === "" || (text === undefined && name === "")) return new Map();
  return text === undefined
    ? new Map([[name, advertised.map((url) => url.text)]])
    : parseInitialCluster(text);
}

/** Whether the flags describe a cluster with this member in it. @throws ConfigError */
export function checkInitialCluster({
  name,
  initialCluster,
  advertisePeerUrls,
  initialClusterState,
}: MemberConfig): void {
  const own = advertisePeerUrls.map((url) => url.text);
  const configured = initialCluster.get(name);
  if (configured === undefined) {
    throw new ConfigError(`couldn't find local name "${name}" in the initial cluster configuration`);
  }
  const text = [...initialCluster].flatMap(([each, urls]) => urls.map((url) => `${each}=${url}`)).join(",");
  const all = [...initialCluster.values()].flat();
  if (new Set(all).size !== all.length) throw new ConfigError(`initial cluster ${text} has duplicate url`);
  if (initialClusterState === "existing") return;
  const missingHere = configured.filter((url) => !own.includes(url));
  const missingThere = own.filter((url) => !configured.includes(url));
  if (missingHere.length > 0) {
    throw new ConfigError(
      `--initial-cluster has ${missingHere.join(",")} but missing from --initial-advertise-peer-urls=${own.join(",")}`,
    );
  }
  if (missingThere.length > 0) {
    throw new ConfigError(
      `--initial-advertise-peer-urls has ${missingThere.join(",")} but missing from --initial-cluster=${text}`,
    );
  }
}

function resolveWatchProgress(givenMs: number, warnings: string[]): number {
  if (givenMs >= WATCH_PROGRESS_MS_MIN) return givenMs;
  warnings.push(
    `adjusting watch progress notify interval to minimum period ${formatGoDuration(WATCH_PROGRESS_MS_MIN)}`,
  );
  return WATCH_PROGRESS_MS_MIN;
}

function resolveAutoCompaction(mode: string, retention: string): AutoCompaction {
  const plain = /^\d+$/.test(retention) ? Number(retention) : undefined;
  if (mode !== "periodic" && mode !== "revision")
    throw new ConfigError(`unknown auto-compaction-mode "${mode}"`);
  if (plain === 0) return { kind: "off" };
  if (mode === "revision") {
    if (plain === undefined)
      throw new ConfigError(
        `error parsing CompactionRetention: strconv.Atoi: parsing "${retention}": invalid syntax`,
      );
    return { kind: "revision", retention: plain };
  }
  const periodMs = plain === undefined ? parseGoDurationMs(retention) : plain * 3_600_000;
  if (periodMs === undefined || periodMs < 0) {
    throw new ConfigError(`error parsing CompactionRetention: time: invalid duration "${retention}"`);
  }
  return periodMs === 0 ? { kind: "off" } : { kind: "periodic", periodMs };
}

function resolveLogOutputs(text: string, logger: string): string[] {
  if (logger !== "zap") throw new ConfigError(`unknown logger option "${logger}"`);
  const outputs = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  if (outputs.length > 1 && outputs.includes("default")) {
    throw new ConfigError(`multi logoutput for "default" is not supported yet`);
  }
  return outputs.length === 0 ? ["default"] : [...new Set(outputs)];
}

function resolveLogRotation(text: string, outputs: readonly string[]): RotationSettings {
  const settings = parseRotation(text, outputs);
  if (typeof settings === "string") throw new ConfigError(settings);
  return settings;
}

/** Node can share a port since 22.12 and 23.1. */
function checkReusePort(): void {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)) return;
  throw new ConfigError(`--socket-reuse-port needs Node 22.12 or later; this is ${process.versions.node}`);
}

function oneOf<T extends string>(text: string, allowed: readonly T[], name: string): T {
  const found = allowed.find((value) => value === text);
  if (found === undefined)
    throw new ConfigError(`invalid value "${text}" for --${name} (one of: ${allowed.join(", ")})`);
  return found;
}
