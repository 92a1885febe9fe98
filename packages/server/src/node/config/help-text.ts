/** What `--help` prints: every flag in one of etcd's groups, with its default. */
import { parseFeatureGates } from "./feature-gates.js";
import { FLAG_TABLE, type FlagSpec } from "./flag-table.js";

interface Group {
  readonly title: string;
  readonly names: readonly string[];
}

/** A flag that no group names is shown last, so that a new one can't be forgotten; a test wants that group empty. */
export const UNGROUPED_TITLE = "Others";

const GROUPS: readonly Group[] = [
  {
    title: "Member",
    names: [
      ...[
        "config-file",
        "name",
        "data-dir",
        "wal-dir",
        "snapshot-count",
        "snapshot-catchup-entries",
        "max-wals",
      ],
      ...["max-snapshots", "heartbeat-interval", "election-timeout", "initial-election-tick-advance"],
      ...[
        "listen-peer-urls",
        "listen-client-urls",
        "listen-client-http-urls",
        "max-txn-ops",
        "max-request-bytes",
      ],
      ...[
        "max-concurrent-streams",
        "grpc-keepalive-min-time",
        "grpc-keepalive-interval",
        "grpc-keepalive-timeout",
      ],
      ...[
        "socket-reuse-port",
        "socket-reuse-address",
        "enable-grpc-gateway",
        "raft-read-timeout",
        "raft-write-timeout",
      ],
      ...[
        "quota-backend-bytes",
        "backend-bbolt-freelist-type",
        "backend-batch-interval",
        "backend-batch-limit",
      ],
      ...["bootstrap-defrag-threshold-megabytes", "memory-mlock", "compaction-batch-limit"],
      ...["compaction-sleep-interval", "watch-progress-notify-interval", "warning-apply-duration"],
      ...["warning-unary-request-duration"],
    ],
  },
  {
    title: "Clustering",
    names: [
      ...["initial-advertise-peer-urls", "initial-cluster", "initial-cluster-state", "initial-cluster-token"],
      ...["advertise-client-urls", "discovery-token", "discovery-endpoints", "discovery-dial-timeout"],
      ...["discovery-request-timeout", "discovery-keepalive-time", "discovery-keepalive-timeout"],
      ...[
        "discovery-insecure-transport",
        "discovery-insecure-skip-tls-verify",
        "discovery-cert",
        "discovery-key",
      ],
      ...["discovery-cacert", "discovery-user", "discovery-password", "discovery-srv", "discovery-srv-name"],
      ...["discovery-fallback", "strict-reconfig-check", "pre-vote", "max-learners", "auto-compaction-mode"],
      ...[
        "auto-compaction-retention",
        "corrupt-check-time",
        "compact-hash-check-time",
        "downgrade-check-time",
      ],
    ],
  },
  {
    title: "Security",
    names: [
      ...[
        "cert-file",
        "key-file",
        "client-cert-auth",
        "client-cert-file",
        "client-key-file",
        "client-crl-file",
      ],
      ...["client-cert-allowed-hostname", "trusted-ca-file", "auto-tls", "peer-cert-file", "peer-key-file"],
      ...["peer-client-cert-auth", "peer-client-cert-file", "peer-client-key-file", "peer-trusted-ca-file"],
      ...["peer-cert-allowed-cn", "peer-cert-allowed-hostname", "peer-auto-tls", "peer-crl-file"],
      ...[
        "peer-skip-client-san-verification",
        "self-signed-cert-validity",
        "cipher-suites",
        "tls-min-version",
      ],
      ...["tls-max-version", "cors", "grpc-web-origins", "host-whitelist"],
    ],
  },
  { title: "Auth", names: ["auth-token", "auth-token-ttl", "bcrypt-cost"] },
  { title: "Profiling and monitoring", names: ["enable-pprof", "metrics", "listen-metrics-urls"] },
  {
    title: "Logging",
    names: [
      ...[
        "logger",
        "log-outputs",
        "log-level",
        "log-format",
        "enable-log-rotation",
        "log-rotation-config-json",
      ],
    ],
  },
  {
    title: "Distributed tracing",
    names: [
      ...["enable-distributed-tracing", "distributed-tracing-address", "distributed-tracing-service-name"],
      ...["distributed-tracing-instance-id", "distributed-tracing-sampling-rate"],
    ],
  },
  { title: "Features", names: ["feature-gates"] },
  { title: "Unsafe", names: ["force-new-cluster", "unsafe-no-fsync"] },
];

const HEAD = `Usage:

  quorate [flags]
    Start a member.

  quorate --version
    Print the version of etcd that is spoken, and what it runs on.

  quorate -h | --help
    Print this text.

  quorate --config-file FILE
    Read everything from a file in place of flags and variables.
`;

const FOOT = `
Each flag can also be given as an environment variable: ETCD_ and its name in capitals, '-' as '_'. Not both at once.
Flags of older releases (--experimental-...) are taken under their newer names, with a warning.
`;

export function helpText(): string {
  const specs = new Map(FLAG_TABLE.map((spec) => [spec.name, spec]));
  const parts = GROUPS.map(({ title, names }) => {
    const flags = names.map((name) => {
      const spec = specs.get(name);
      specs.delete(name);
      return spec === undefined ? `  --${name} (unknown)\n` : describeFlag(spec);
    });
    return `${title}:\n${flags.join("")}`;
  });
  if (specs.size > 0) parts.push(`${UNGROUPED_TITLE}:\n${[...specs.values()].map(describeFlag).join("")}`);
  return `${HEAD}\n${parts.join("\n")}${FOOT}`;
}

function describeFlag({ name, fallback, effect, help }: FlagSpec): string {
  const lines = [
    `  --${name} '${fallback}'`,
    `    ${help}${effect === "accepted" ? " (Without effect.)" : ""}`,
  ];
  if (name === "feature-gates") lines.push(...describeGates());
  return `${lines.join("\n")}\n`;
}

function describeGates(): string[] {
  const gates = parseFeatureGates("");
  if (typeof gates === "string") return [];
  return gates.map(({ name, stage, enabled }) => `      ${name}=true|false (${stage}, default ${enabled})`);
}
