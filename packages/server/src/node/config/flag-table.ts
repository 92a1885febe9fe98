/**
 * Every flag of etcd 3.7, with its kind, default and what this build does with it.
 *
 * `effect`:
 * - `on`       the option works;
 * - `accepted` it has no meaning here (a knob of bbolt, say) or is deprecated: taken, with a warning when set;
 */

export type FlagKind = "string" | "bool" | "int" | "uint" | "duration" | "strings";
export type FlagEffect = "on" | "accepted";

export interface FlagSpec {
  readonly name: string;
  readonly kind: FlagKind;
  /** As text, in the spelling of the command line. */
  readonly fallback: string;
  readonly effect: FlagEffect;
  readonly help: string;
}

function flag(name: string, kind: FlagKind, fallback: string, rest: readonly [FlagEffect, string]): FlagSpec {
  return { name, kind, fallback, effect: rest[0], help: rest[1] };
}

export const FLAG_TABLE: readonly FlagSpec[] = [
  flag("name", "string", "default", ["on", "Human-readable name for this member."]),
  flag("data-dir", "string", "", ["on", "Path to the data directory."]),
  flag("wal-dir", "string", "", ["on", "Path to the dedicated wal directory."]),
  flag("snapshot-count", "uint", "10000", [
    "on",
    "Number of committed transactions to trigger a snapshot to disk.",
  ]),
  flag("snapshot-catchup-entries", "uint", "5000", ["on", "Number of entries kept for slow followers."]),
  flag("heartbeat-interval", "uint", "100", ["on", "Time (in milliseconds) of a heartbeat interval."]),
  flag("election-timeout", "uint", "1000", ["on", "Time (in milliseconds) for an election to timeout."]),
  flag("initial-election-tick-advance", "bool", "true", [
    "on",
    "Fast-forward the election timer of a member that has just started.",
  ]),
  flag("pre-vote", "bool", "true", ["on", "Whether to run the raft PreVote phase before an election."]),
  flag("listen-peer-urls", "strings", "http://localhost:2380", [
    "on",
    "List of URLs to listen on for peer traffic.",
  ]),
  flag("listen-client-urls", "strings", "http://localhost:2379", [
    "on",
    "List of URLs to listen on for client traffic.",
  ]),
  flag("listen-client-http-urls", "strings", "", [
    "on",
    "List of URLs to listen on for HTTP-only client traffic.",
  ]),
  flag("listen-metrics-urls", "strings", "", [
    "on",
    "List of URLs to listen on for the metrics and health endpoints.",
  ]),
  flag("initial-advertise-peer-urls", "strings", "http://localhost:2380", [
    "on",
    "This member's peer URLs to advertise.",
  ]),
  flag("advertise-client-urls", "strings", "http://localhost:2379", [
    "on",
    "This member's client URLs to advertise.",
  ]),
  flag("initial-cluster", "string", "", ["on", "Initial cluster configuration, name=url,..."]),
  flag("initial-cluster-state", "string", "new", ["on", "Initial cluster state ('new' or 'existing')."]),
  flag("initial-cluster-token", "string", "etcd-cluster", ["on", "Initial cluster token during bootstrap."]),
  flag("strict-reconfig-check", "bool", "true", [
    "on",
    "Reject changes of the membership that would lose the quorum.",
  ]),
  flag("quota-backend-bytes", "int", "0", [
    "on",
    "Backend size that raises the NOSPACE alarm (0 means 2 GiB, negative means none).",
  ]),
  flag("max-txn-ops", "uint", "128", ["on", "Maximum number of operations permitted in a transaction."]),
  flag("max-request-bytes", "uint", "1572864", [
    "on",
    "Maximum client request size in bytes the server will accept.",
  ]),
  flag("max-concurrent-streams", "uint", "4294967295", [
    "on",
    "Maximum concurrent streams per client connection.",
  ]),
  flag("grpc-keepalive-min-time", "duration", "5s", [
    "on",
    "Minimum interval a client should wait between pings.",
  ]),
  flag("grpc-keepalive-interval", "duration", "2h0m0s", ["on", "Interval of server-to-client pings."]),
  flag("grpc-keepalive-timeout", "duration", "20s", [
    "on",
    "Wait after a ping before an unresponsive connection is closed.",
  ]),
  flag("auto-compaction-mode", "string", "periodic", ["on", "'periodic' or 'revision'."]),
  flag("auto-compaction-retention", "string", "0", [
    "on",
    "Auto compaction retention; 0 disables auto compaction.",
  ]),
  flag("compaction-batch-limit", "int", "1000", ["on", "Rows deleted in each compaction batch."]),
  flag("compaction-sleep-interval", "duration", "10ms", ["on", "Pause between compaction batches."]),
  flag("logger", "string", "zap", ["on", "Only 'zap', whose format the logs have."]),
  flag("log-level", "string", "info", ["on", "debug, info, warn, error, panic or fatal."]),
  flag("log-format", "string", "json", ["on", "'json' or 'console'."]),
  flag("log-outputs", "strings", "default", ["on", "default, stderr, stdout or file paths."]),
  flag("enable-log-rotation", "bool", "false", ["on", "Rotate a single log-outputs file."]),
  flag(
    "log-rotation-config-json",
    "string",
    '{"maxsize": 100, "maxage": 0, "maxbackups": 0, "localtime": false, "compress": false}',
    ["on", "Log rotation: size (MB), age (days) and number of old files, local time in names, gzip."],
  ),
  flag("warning-apply-duration", "duration", "100ms", [
    "on",
    "Time to apply a request above which a warning is logged.",
  ]),
  flag("warning-unary-request-duration", "duration", "300ms", [
    "on",
    "Time of a unary call above which a warning is logged.",
  ]),
  flag("max-learners", "int", "1", ["on", "Maximum number of learners in the cluster."]),
  flag("unsafe-no-fsync", "bool", "false", ["accepted", "Accepted for scripts; the log is always synced."]),
  flag("force-new-cluster", "bool", "false", [
    "on",
    "Make one member with all data out of a cluster that lost its quorum.",
  ]),
  flag("max-wals", "uint", "5", ["on", "Maximum number of wal files to retain (0 is unlimited)."]),
  flag("max-snapshots", "uint", "5", ["accepted", "Deprecated."]),
  flag("config-file", "string", "", ["on", "Path to the server configuration file."]),
  flag("cert-file", "string", "", ["on", "Path to the client server TLS cert file."]),
  flag("key-file", "string", "", ["on", "Path to the client server TLS key file."]),
  flag("trusted-ca-file", "string", "", ["on", "Path to the client server TLS trusted CA cert file."]),
  flag("client-cert-auth", "bool", "false", ["on", "Enable client cert authentication."]),
  flag("client-cert-file", "string", "", ["on", "Path to an explicit client TLS cert file."]),
  flag("client-key-file", "string", "", ["on", "Path to an explicit client TLS key file."]),
  flag("client-crl-file", "string", "", ["on", "Path to the client certificate revocation list file."]),
  flag("client-cert-allowed-hostname", "string", "", [
    "on",
    "Allowed SAN hostname for client cert authentication.",
  ]),
  flag("auto-tls", "bool", "false", ["on", "Client TLS using generated certificates."]),
  flag("peer-cert-file", "string", "", ["on", "Path to the peer server TLS cert file."]),
  flag("peer-key-file", "string", "", ["on", "Path to the peer server TLS key file."]),
  flag("peer-trusted-ca-file", "string", "", ["on", "Path to the peer server TLS trusted CA file."]),
  flag("peer-client-cert-auth", "bool", "false", ["on", "Enable peer client cert authentication."]),
  flag("peer-client-cert-file", "string", "", ["on", "Path to an explicit peer client TLS cert file."]),
  flag("peer-client-key-file", "string", "", ["on", "Path to an explicit peer client TLS key file."]),
  flag("peer-crl-file", "string", "", ["on", "Path to the peer certificate revocation list file."]),
  flag("peer-auto-tls", "bool", "false", ["on", "Peer TLS using generated certificates."]),
  flag("peer-cert-allowed-cn", "string", "", ["on", "Required CN of peer certificates."]),
  flag("peer-cert-allowed-hostname", "string", "", ["on", "Required SAN of peer certificates."]),
  flag("peer-skip-client-san-verification", "bool", "false", [
    "on",
    "Skip SAN verification of peer certificates.",
  ]),
  flag("cipher-suites", "strings", "", ["on", "Supported TLS cipher suites."]),
  flag("tls-min-version", "string", "TLS1.2", ["on", "Minimum TLS version."]),
  flag("tls-max-version", "string", "", ["on", "Maximum TLS version."]),
  flag("self-signed-cert-validity", "uint", "1", ["on", "Validity in years of generated certificates."]),
  flag("cors", "strings", "*", ["on", "Origins that browsers may call from (* for all)."]),
  // Not etcd's.
  flag("grpc-web-origins", "strings", "", ["on", "Origins whose pages may speak gRPC-Web (* for all)."]),
  flag("host-whitelist", "strings", "*", ["on", "Acceptable hostnames from HTTP client requests."]),
  flag("auth-token", "string", "simple", [
    "on",
    "Auth token type and its options ('simple' or 'jwt,sign-method=...').",
  ]),
  flag("auth-token-ttl", "uint", "300", ["on", "Time (in seconds) of the auth-token-ttl."]),
  flag("bcrypt-cost", "uint", "10", ["on", "Cost of the bcrypt algorithm for hashing auth passwords."]),
  flag("enable-grpc-gateway", "bool", "true", ["on", "Enable the JSON gateway."]),
  flag("enable-pprof", "bool", "false", [
    "on",
    "Profiles of the process at /debug/pprof/ of the client URLs.",
  ]),
  flag("metrics", "string", "basic", ["on", "'basic', or 'extensive' for the durations of all calls."]),
  flag("corrupt-check-time", "duration", "0s", ["on", "Interval of cluster corruption checks."]),
  flag("compact-hash-check-time", "duration", "1m0s", ["on", "Interval of compaction hash checks."]),
  flag("watch-progress-notify-interval", "duration", "10m0s", ["on", "Interval of progress notifications."]),
  flag("downgrade-check-time", "duration", "5s", ["on", "Interval of downgrade status checks."]),
  flag("feature-gates", "string", "", ["on", "key=value pairs of feature gates."]),
  flag("discovery-token", "string", "", ["on", "Token of the cluster in the shared registry."]),
  flag("discovery-endpoints", "strings", "", ["on", "gRPC endpoints of the shared registry."]),
  flag("discovery-dial-timeout", "duration", "2s", ["on", "Time to connect to the registry."]),
  flag("discovery-request-timeout", "duration", "5s", ["on", "Time for a request to the registry."]),
  flag("discovery-keepalive-time", "duration", "2s", ["on", "Silence of the registry before a ping."]),
  flag("discovery-keepalive-timeout", "duration", "6s", ["on", "Wait for the answer to that ping."]),
  flag("discovery-insecure-transport", "bool", "true", ["on", "Speak to the registry without TLS."]),
  flag("discovery-insecure-skip-tls-verify", "bool", "false", [
    "on",
    "Do not verify the registry's certificate (for tests only).",
  ]),
  flag("discovery-cert", "string", "", ["on", "Certificate file shown to the registry."]),
  flag("discovery-key", "string", "", ["on", "Key file of that certificate."]),
  flag("discovery-cacert", "string", "", ["on", "CA file that the registry's certificate is verified with."]),
  flag("discovery-user", "string", "", ["on", "User of the registry, as name[:password]."]),
  flag("discovery-password", "string", "", ["on", "Password of the registry's user."]),
  flag("discovery-srv", "string", "", ["on", "DNS domain used to bootstrap the cluster."]),
  flag("discovery-srv-name", "string", "", ["on", "Suffix to the DNS SRV name."]),
  flag("discovery-fallback", "string", "exit", ["accepted", "Deprecated."]),
  flag("socket-reuse-port", "bool", "false", ["on", "Set SO_REUSEPORT on listeners."]),
  flag("socket-reuse-address", "bool", "false", ["accepted", "SO_REUSEADDR is always set on listeners."]),
  flag("raft-read-timeout", "duration", "5s", ["accepted", "Read timeout of raft connections."]),
  flag("raft-write-timeout", "duration", "5s", ["accepted", "Write timeout of raft connections."]),
  flag("backend-bbolt-freelist-type", "string", "map", ["accepted", "Has no meaning with RocksDB."]),
  flag("backend-batch-interval", "duration", "0s", ["accepted", "Has no meaning with RocksDB."]),
  flag("backend-batch-limit", "int", "0", ["accepted", "Has no meaning with RocksDB."]),
  flag("bootstrap-defrag-threshold-megabytes", "uint", "0", ["accepted", "Has no meaning with RocksDB."]),
  flag("memory-mlock", "bool", "false", ["accepted", "Has no effect here."]),
  flag("enable-distributed-tracing", "bool", "false", [
    "on",
    "Send traces of calls to a collector, through OpenTelemetry.",
  ]),
  flag("distributed-tracing-address", "string", "localhost:4317", [
    "on",
    "Address of the collector: OTLP over gRPC, without TLS.",
  ]),
  flag("distributed-tracing-service-name", "string", "etcd", ["on", "Service name in traces."]),
  flag("distributed-tracing-instance-id", "string", "", ["on", "Instance id in traces, if any."]),
  flag("distributed-tracing-sampling-rate", "int", "0", [
    "on",
    "Traces begun here that are kept, of a million; what clients trace is kept when they keep it.",
  ]),
];

/**
 * Names of older releases that are still in people's units and manifests, by the names that replaced them. Taken with a warning; when
 * both are given, the newer name wins.
 */
export const FLAG_ALIASES: ReadonlyMap<string, string> = new Map([
  ["experimental-downgrade-check-time", "downgrade-check-time"],
  ["experimental-watch-progress-notify-interval", "watch-progress-notify-interval"],
  ["experimental-snapshot-catch-up-entries", "snapshot-catchup-entries"],
  ["experimental-snapshot-catchup-entries", "snapshot-catchup-entries"],
  ["experimental-corrupt-check-time", "corrupt-check-time"],
  ["experimental-compact-hash-check-time", "compact-hash-check-time"],
  ["experimental-compaction-batch-limit", "compaction-batch-limit"],
  ["experimental-compaction-sleep-interval", "compaction-sleep-interval"],
  ["experimental-peer-skip-client-san-verification", "peer-skip-client-san-verification"],
  ["experimental-bootstrap-defrag-threshold-megabytes", "bootstrap-defrag-threshold-megabytes"],
  ["experimental-memory-mlock", "memory-mlock"],
  ["experimental-warning-apply-duration", "warning-apply-duration"],
  ["experimental-warning-unary-request-duration", "warning-unary-request-duration"],
  ["experimental-backend-bbolt-freelist-type", "backend-bbolt-freelist-type"],
  ["experimental-enable-distributed-tracing", "enable-distributed-tracing"],
  ["experimental-distributed-tracing-address", "distributed-tracing-address"],
  ["experimental-distributed-tracing-service-name", "distributed-tracing-service-name"],
  ["experimental-distributed-tracing-instance-id", "distributed-tracing-instance-id"],
  ["experimental-distributed-tracing-sampling-rate", "distributed-tracing-sampling-rate"],
]);

/** Switches of older releases that are feature gates now. Taken with a warning; a gate that is named itself wins. */
export const FLAG_GATES: ReadonlyMap<string, string> = new Map([
  ["experimental-initial-corrupt-check", "InitialCorruptCheck"],
  ["experimental-compact-hash-check-enabled", "CompactHashCheck"],
  ["experimental-enable-lease-checkpoint", "LeaseCheckpoint"],
  ["experimental-enable-lease-checkpoint-persist", "LeaseCheckpointPersist"],
  ["experimental-stop-grpc-service-on-defrag", "StopGRPCServiceOnDefrag"],
  ["experimental-txn-mode-write-with-shared-buffer", "TxnModeWriteWithSharedBuffer"],
]);

/** Flags of older releases that have no meaning any more: taken with a warning, with any value or none. */
export const FLAGS_IGNORED: ReadonlySet<string> = new Set([
  "cluster-active-size",
  "cluster-remove-delay",
  "cluster-sync-interval",
  "config",
  "force",
  "max-result-buffer",
  "max-retry-attempts",
  "peer-heartbeat-interval",
  "peer-election-timeout",
  "retry-interval",
  "snapshot",
  "v",
  "vv",
  "test.coverprofile",
  "test.outputdir",
  "v2-deprecation",
  "enable-v2",
  "experimental-enable-v2v3",
  "debug",
  "log-package-levels",
  "log-output",
  "proxy",
  "proxy-failure-wait",
  "proxy-refresh-interval",
  "proxy-dial-timeout",
  "proxy-write-timeout",
  "proxy-read-timeout",
]);

/** Switches that end the process with a text. */
export const VERSION_FLAG = "version";
export const HELP_FLAGS: readonly string[] = ["help", "h"];
