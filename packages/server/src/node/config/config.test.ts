import { describe, expect, test } from "vitest";
import { checkInitialCluster, ConfigError, resolveConfig, type MemberConfig } from "./config.js";
import { formatGoDuration, parseGoDurationMs, parseGoInt } from "./go-values.js";
import { parseFlags, type FlagTexts } from "./parse-flags.js";

function given(argv: readonly string[], environment: Record<string, string> = {}): FlagTexts {
  const parsed = parseFlags(argv, environment);
  if (parsed.kind !== "run") throw new Error(JSON.stringify(parsed));
  return parsed.given;
}

function config(argv: readonly string[], environment: Record<string, string> = {}): MemberConfig {
  return resolveConfig(given(argv, environment));
}

describe("flag spellings", () => {
  test.each([
    [["--name", "a"]],
    [["--name=a"]],
    [["-name", "a"]],
    [["-name=a"]],
    [["--name=b", "--name=a"]],
    [["--name", "b", "-name=a"]],
  ])("%j names the member a", (argv) => {
    expect(config(argv).name).toBe("a");
  });

  test.each([
    [["--pre-vote"], true],
    [["--pre-vote=true"], true],
    [["--pre-vote=false"], false],
    [["-pre-vote=F"], false],
    [["--pre-vote=0", "--name=x"], false],
  ])("%j gives pre-vote %j", (argv, expected) => {
    expect(config(argv).preVote).toBe(expected);
  });

  test.each([
    [["--nope"], 2, "flag provided but not defined: -nope"],
    [["stray"], 1, `"stray" is not a valid flag`],
    [["--pre-vote", "false"], 1, `"false" is not a valid flag`],
    [["--name"], 2, "flag needs an argument: -name"],
    [["--snapshot-count=-1"], 2, `invalid value "-1" for flag -snapshot-count: parse error`],
    [["--pre-vote=maybe"], 2, `invalid boolean value "maybe" for -pre-vote: parse error`],
  ])("%j ends with exit code %d", (argv, exitCode, message) => {
    expect(parseFlags(argv, {})).toEqual({ kind: "error", exitCode, message });
  });

  test.each([["--version"], ["-version"], ["--version=true"]])("%s asks for the version", (word) => {
    expect(parseFlags([word], {})).toEqual({ kind: "version" });
  });

  test("--help wins over what follows", () => {
    expect(parseFlags(["--help", "--nope"], {})).toEqual({ kind: "help" });
  });
});

describe("environment", () => {
  test("a variable gives a flag its value; an empty one counts as not set", () => {
    expect(config([], { ETCD_NAME: "env", ETCD_DATA_DIR: "" })).toMatchObject({
      name: "env",
      dataDir: "env.etcd",
    });
  });

  test("flag and variable together are refused, equal or not", () => {
    expect(parseFlags(["--name=a"], { ETCD_NAME: "a" })).toMatchObject({ kind: "error", exitCode: 1 });
  });

  test("an unknown variable is only mentioned", () => {
    expect(parseFlags([], { ETCD_NOPE: "1", PATH: "/bin" })).toMatchObject({
      kind: "run",
      warnings: ["unrecognized environment variable: ETCD_NOPE=1"],
    });
  });
});

describe("names of older releases", () => {
  test.each([["experimental-snapshot-catchup-entries"], ["experimental-snapshot-catch-up-entries"]])(
    "--%s means --snapshot-catchup-entries",
    (alias) => {
      const variable = `ETCD_${alias.toUpperCase().replaceAll("-", "_")}`;
      expect(config([`--${alias}=7`]).snapshotCatchUpEntries).toBe(7);
      expect(config([], { [variable]: "7" }).snapshotCatchUpEntries).toBe(7);
      expect(parseFlags([`--${alias}=7`], {})).toMatchObject({
        warnings: [`--${alias} is deprecated; use --snapshot-catchup-entries`],
      });
    },
  );

  test("the newer name wins, in whatever order, and values are checked alike", () => {
    const older = "--experimental-downgrade-check-time=1s";
    expect(config([older]).downgradeCheckMs).toBe(1000);
    expect(config([older, "--downgrade-check-time=2s"]).downgradeCheckMs).toBe(2000);
    expect(config(["--downgrade-check-time=2s", older]).downgradeCheckMs).toBe(2000);
    expect(parseFlags(["--experimental-downgrade-check-time=soon"], {})).toMatchObject({ exitCode: 2 });
  });
});

describe("zero", () => {
  test.each([
    ["snapshot-count", "snapshotCountEntries", 10_000],
    ["snapshot-catchup-entries", "snapshotCatchUpEntries", 5000],
    ["max-concurrent-streams", "concurrentStreamsMax", 0xffff_ffff],
    ["compaction-batch-limit", "compactionBatchLimit", 1000],
    ["compaction-sleep-interval", "compactionSleepMs", 10],
    ["watch-progress-notify-interval", "watchProgressMs", 600_000],
  ] as const)("--%s=0 means the default", (flag, field, expected) => {
    expect(config([`--${flag}=0`])[field]).toBe(expected);
  });

  test.each([
    ["-1s", 600_000, 0],
    ["1ns", 100, 1],
    ["99ms", 100, 1],
    ["100ms", 100, 0],
    ["5s", 5000, 0],
  ])("--watch-progress-notify-interval=%s means %d ms", (text, expectedMs, warningCount) => {
    const { watchProgressMs, warnings } = config([`--watch-progress-notify-interval=${text}`]);
    expect(watchProgressMs).toBe(expectedMs);
    expect(warnings.filter((each) => each.includes("minimum period 100ms"))).toHaveLength(warningCount);
  });
});

describe("checks", () => {
  const urls = ["--listen-client-urls=http://127.0.0.1:1", "--advertise-client-urls=http://127.0.0.1:1"];
  test.each<[string, string[]]>([
    ["--advertise-client-urls is required when --listen-client-urls is set explicitly", [urls[0] ?? ""]],
    ["expected IP in URL for binding (http://example:1)", ["--listen-peer-urls=http://example:1"]],
    ["should be at least as 5 times as --heartbeat-interval[500ms]", ["--heartbeat-interval=500"]],
    ["--heartbeat-interval must be >0 (set to 0ms)", ["--heartbeat-interval=0"]],
    ["--compact-hash-check-time must be >0 (set to 0s)", ["--compact-hash-check-time=0"]],
    ["is too long, and should be set less than 50000ms", ["--election-timeout=60000"]],
    ["KeyFile and CertFile must both be present[key: , cert: a]", ["--cert-file=a"]],
    ["ClientKeyFile and ClientCertFile must both be present or both absent", ["--peer-client-key-file=a"]],
    [
      "AllowedCNs and AllowedHostnames are mutually exclusive",
      ["--peer-cert-allowed-cn=a", "--peer-cert-allowed-hostname=b"],
    ],
    ['unexpected TLS cipher suite "NONE"', ["--cipher-suites=NONE"]],
    ['unexpected TLS version "TLS1.1" (must be one of: TLS1.2, TLS1.3)', ["--tls-min-version=TLS1.1"]],
    [
      "min version (TLS1.3) is greater than max version (TLS1.2)",
      ["--tls-min-version=TLS1.3", "--tls-max-version=TLS1.2"],
    ],
    [
      "cipher suites cannot be configured when only TLS1.3 is enabled",
      ["--tls-min-version=TLS1.3", "--cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
    ],
    [
      "selfSignedCertValidity is invalid,it should be greater than 0",
      ["--auto-tls", "--self-signed-cert-validity=0"],
    ],
    [
      "client TLS key/cert (--cert-file, --key-file) must be provided for metrics secure url",
      ["--listen-metrics-urls=https://127.0.0.1:1", "--peer-cert-file=a", "--peer-key-file=b"],
    ],
    [
      "cannot bind both --listen-client-urls and --listen-client-http-urls on the same url http://127.0.0.1:1",
      [...urls, "--listen-client-http-urls=http://127.0.0.1:1"],
    ],
    ["unrecognized feature gate: Nothing", ["--feature-gates=Nothing=true"]],
    [
      "enabling feature gate LeaseCheckpointPersist requires enabling feature gate LeaseCheckpoint",
      ["--feature-gates=LeaseCheckpointPersist=true"],
    ],
    [
      "with HTTPS scheme",
      ["--listen-client-urls=https://127.0.0.1:1", "--advertise-client-urls=https://127.0.0.1:1"],
    ],
    ["unknown logger option", ["--logger=capnslog"]],
    ["unknown auto-compaction-mode", ["--auto-compaction-mode=never"]],
  ])("%s", (message, argv) => {
    expect(() => config(argv)).toThrow(ConfigError);
    expect(() => config(argv)).toThrow(message);
  });

  test("two ways to find the first members are one too many", () => {
    const both = ["--initial-cluster=default=http://localhost:2380", "--discovery-srv=example.com"];
    expect(() => config(both)).toThrow("multiple discovery or bootstrap flags are set");
  });

  test("two members may share a host, one may have several URLs, none may have another's", () => {
    const members = "a=http://10.0.0.1:1,b=http://10.0.0.1:2,a=http://10.0.0.1:3";
    const own = ["--name=a", "--initial-advertise-peer-urls=http://10.0.0.1:3,http://10.0.0.1:1"];
    expect(config([...own, `--initial-cluster=${members}`]).initialCluster).toEqual(
      new Map([
        ["a", ["http://10.0.0.1:1", "http://10.0.0.1:3"]],
        ["b", ["http://10.0.0.1:2"]],
      ]),
    );
    expect(() => checkInitialCluster(config([...own, `--initial-cluster=${members}`]))).not.toThrow();
    expect(() =>
      checkInitialCluster(config([...own, `--initial-cluster=${members},c=http://10.0.0.1:2`])),
    ).toThrow("has duplicate url");
  });

  test.each<[string, string[]]>([
    [
      `couldn't find local name "default" in the initial cluster configuration`,
      ["--initial-cluster=a=http://127.0.0.1:1"],
    ],
    [
      "--initial-cluster has http://127.0.0.1:1 but missing from --initial-advertise-peer-urls=http://localhost:2380",
      ["--initial-cluster=default=http://127.0.0.1:1"],
    ],
  ])(
    "of the first members are made when a member is born, and not with a log on disk: %s",
    (message, argv) => {
      const given = config(argv);
      expect(() => checkInitialCluster(given)).toThrow(ConfigError);
      expect(() => checkInitialCluster(given)).toThrow(message);
    },
  );

  test("what concerns the cluster is typed", () => {
    expect(config([])).toMatchObject({
      initialClusterState: "new",
      strictReconfigCheck: true,
      forceNewCluster: false,
      initialElectionTickAdvance: true,
      walsMax: 5,
      downgradeCheckMs: 5000,
      learnersMax: 1,
    });
    expect(config(["--max-wals=0", "--strict-reconfig-check=false", "--force-new-cluster"])).toMatchObject({
      walsMax: Infinity,
      strictReconfigCheck: false,
      forceNewCluster: true,
    });
  });

  test.each<[string, string, string]>([
    ["initial-cluster-state", "joining", 'unexpected clusterState "joining"'],
    ["advertise-client-urls", "http://a:1/", "URL must not contain a path"],
    ["listen-peer-urls", "foo", "URL"],
    ["listen-metrics-urls", "ftp://a:1", "URL scheme must be http, https, unix, or unixs"],
  ])(
    "--%s=%s ends the reading of flags with 2, and as a variable that of the settings",
    (name, value, reason) => {
      const flag = parseFlags([`--${name}=${value}`], {});
      expect(flag).toMatchObject({ kind: "error", exitCode: 2 });
      expect(flag).toHaveProperty(
        "message",
        expect.stringContaining(`invalid value "${value}" for flag -${name}: `),
      );
      const variable = `ETCD_${name.toUpperCase().replaceAll("-", "_")}`;
      const environment = { ETCD_ADVERTISE_CLIENT_URLS: "http://127.0.0.1:1", [variable]: value };
      expect(() => config([], environment)).toThrow(ConfigError);
      expect(() => config([], environment)).toThrow(reason);
    },
  );

  test.each([[["--initial-cluster="]], [["--name="]], [["--name=", "--initial-cluster="]]])(
    "%s is a cluster without this member",
    (argv) => {
      const resolved = config(argv);
      const message = `couldn't find local name "${resolved.name}" in the initial cluster configuration`;
      expect(() => checkInitialCluster(resolved)).toThrow(message);
      // A variable that is set to nothing is none.
      expect(() =>
        checkInitialCluster(config([], { ETCD_INITIAL_CLUSTER: "", ETCD_NAME: "" })),
      ).not.toThrow();
    },
  );

  test("the initial cluster follows the name and the advertised peer URLs", () => {
    const resolved = config(["--name=m", "--initial-advertise-peer-urls=http://10.0.0.1:2380"]);
    expect(resolved.initialCluster).toEqual(new Map([["m", ["http://10.0.0.1:2380"]]]));
  });

  test.each([
    [["--auto-compaction-retention=1"], { kind: "periodic", periodMs: 3_600_000 }],
    [["--auto-compaction-retention=90s"], { kind: "periodic", periodMs: 90_000 }],
    [
      ["--auto-compaction-retention=7", "--auto-compaction-mode=revision"],
      { kind: "revision", retention: 7 },
    ],
    [["--auto-compaction-retention=0"], { kind: "off" }],
  ])("%j", (argv, expected) => {
    expect(config(argv).autoCompaction).toEqual(expected);
  });
});

describe("Go's values", () => {
  test.each([
    ["1h30m", 5_400_000],
    ["-1.5s", -1500],
    ["100ms", 100],
    ["1µs", 0.001],
    ["0", 0],
    ["5", undefined],
    ["", undefined],
    ["1s5", undefined],
  ])("duration %j is %j ms", (text, expected) => {
    expect(parseGoDurationMs(text)).toBe(expected);
  });

  test.each([
    ["0x10", 16],
    ["010", 8],
    ["1_000", 1000],
    ["-3", -3],
    ["1.5", undefined],
    ["9007199254740993", undefined],
  ])("integer %j is %j", (text, expected) => {
    expect(parseGoInt(text)).toBe(expected);
  });

  test.each([
    [100, "100ms"],
    [1500, "1.5s"],
    [7_200_000, "2h0m0s"],
    [90_000, "1m30s"],
    [0, "0s"],
    [0.25, "250µs"],
  ])("%d ms prints as %s", (ms, expected) => {
    expect(formatGoDuration(ms)).toBe(expected);
  });
});

test("a shared port needs a Node that can share it", () => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const canShare = major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
  if (canShare) expect(config(["--socket-reuse-port"]).listenPeerUrls).toMatchObject([{ reusePort: true }]);
  else expect(() => config(["--socket-reuse-port"])).toThrow("--socket-reuse-port needs Node 22.12 or later");
});

test("logs may go to the journal and to one file that is put aside when it is large", () => {
  const outputs = "--log-outputs=systemd/journal,/var/log/q.log";
  expect(config([outputs, "--enable-log-rotation"])).toMatchObject({
    logOutputs: ["systemd/journal", "/var/log/q.log"],
    logRotation: { bytesMax: 100 * 1024 * 1024, compresses: false },
  });
  expect(config([outputs]).logRotation).toBeUndefined();
  expect(() => config(["--enable-log-rotation"])).toThrow("--log-outputs requires a single file path");
});

test("a registry's token stands for the cluster's", () => {
  const flags = ["--discovery-token=abc", "--discovery-endpoints=127.0.0.1:2379"];
  expect(config(flags)).toMatchObject({ initialClusterToken: "abc", discovery: { token: "abc", user: "" } });
  expect(() => config(["--discovery-token=abc"])).toThrow(ConfigError);
});

describe("checks for corrupt data", () => {
  const checksOf = (argv: readonly string[]): unknown => {
    const { initialCorruptCheck, corruptCheckMs, compactHashCheckMs } = config(argv);
    return { initialCorruptCheck, corruptCheckMs, compactHashCheckMs };
  };
  const none = { initialCorruptCheck: false, corruptCheckMs: 0, compactHashCheckMs: 0 };

  test.each([
    [[], none],
    [["--compact-hash-check-time=5s"], none],
    [["--corrupt-check-time=2s"], { ...none, corruptCheckMs: 2000 }],
    [["--experimental-corrupt-check-time=2s"], { ...none, corruptCheckMs: 2000 }],
    [["--feature-gates=CompactHashCheck=true"], { ...none, compactHashCheckMs: 60_000 }],
    [
      ["--experimental-compact-hash-check-enabled", "--experimental-compact-hash-check-time=3s"],
      { ...none, compactHashCheckMs: 3000 },
    ],
    [["--feature-gates=InitialCorruptCheck=true"], { ...none, initialCorruptCheck: true }],
    [["--experimental-initial-corrupt-check=true"], { ...none, initialCorruptCheck: true }],
  ])("%j asks for %j", (argv, expected) => {
    expect(checksOf(argv)).toEqual(expected);
  });

  test.each([
    [["--compact-hash-check-time=0s"], "--compact-hash-check-time must be >0 (set to 0s)"],
    [["--corrupt-check-time=-1s"], "--corrupt-check-time must be >=0 (set to -1s)"],
  ])("%j is refused", (argv, text) => {
    expect(() => config(argv)).toThrow(new ConfigError(text));
  });
});
