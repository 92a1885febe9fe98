import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { resolveConfig } from "./config.js";
import { ConfigFileError, parseConfigFile } from "./config-file.js";
import { parseFlags } from "./parse-flags.js";

test("keys are flags, groups are flags of TLS, lists and numbers are read as etcd reads them", () => {
  const given = parseConfigFile(`
name: m1
data-dir:
snapshot-count: 5000
grpc-keepalive-min-time: 7000000000
auto-compaction-retention: "1"
strict-reconfig-check: false
cipher-suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]
discovery-fallback: proxy
proxy: 'off'
no-such-key: {a: [1]}
client-transport-security:
  cert-file: a.crt
  key-file: a.key
  client-cert-auth: true
  trusted-ca-file:
peer-transport-security:
  allowed-cn: [one, two]
  skip-client-san-verification: true
socket-options: {reuse-address: true}
`);
  expect(Object.fromEntries(given)).toEqual({
    name: "m1",
    "snapshot-count": "5000",
    "grpc-keepalive-min-time": "7000000000ns",
    "auto-compaction-retention": "1",
    "strict-reconfig-check": "false",
    "cipher-suites": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "discovery-fallback": "proxy",
    "cert-file": "a.crt",
    "key-file": "a.key",
    "client-cert-auth": "true",
    "peer-cert-allowed-cn": "one,two",
    "peer-skip-client-san-verification": "true",
    "socket-reuse-address": "true",
  });
});

test.each([
  ["a list", "- a"],
  ["no YAML", "name: [a"],
  ["a word for a number", "snapshot-count: many"],
  ["a table for a text", "name: {a: 1}"],
  ["a text for a group", "peer-transport-security: none"],
  ["aliases, with which few bytes make many", "a: &a [x, x]\nname: [*a, *a]"],
])("%s is refused", (_what, text) => {
  expect(() => parseConfigFile(text)).toThrow(ConfigFileError);
});

test("booleans of YAML 1.1, a key that comes twice and further documents are read as Go's reader does", () => {
  const text =
    "pre-vote: off\nclient-transport-security: {client-cert-auth: Yes}\nname: a\nname: 'off'\n---\nname: b\n";
  expect(Object.fromEntries(parseConfigFile(text))).toEqual({
    "pre-vote": "false",
    "client-cert-auth": "true",
    name: "off",
  });
  expect(() => parseConfigFile("pre-vote: perhaps")).toThrow('cannot use "perhaps" for pre-vote');
});

test("a list of members that is empty is one without members", () => {
  const given = parseConfigFile('initial-cluster: ""\nname: ""');
  expect([...given]).toEqual([["initial-cluster", ""]]);
  expect(resolveConfig(given).initialCluster.size).toBe(0);
});

test("an empty file is a configuration of defaults", () => {
  expect(parseConfigFile("").size).toBe(0);
  expect(parseConfigFile("# nothing\n").size).toBe(0);
});

test("with a file, flags and variables count for nothing; without it there is no start", () => {
  const directory = mkdtempSync(join(tmpdir(), "config-"));
  const path = join(directory, "etcd.yml");
  writeFileSync(path, "name: from-file\nheartbeat-interval: 200\nelection-timeout: 2000\n");
  const parsed = parseFlags(["--name=from-flag", "--max-txn-ops=7"], { ETCD_CONFIG_FILE: path });
  if (parsed.kind !== "run") expect.unreachable();
  const config = resolveConfig(parsed.given);
  expect(config).toMatchObject({ name: "from-file", tickMs: 200, electionTicks: 10, txnOpsMax: 128 });
  expect(config.warnings.join("\n")).toContain("will be ignored");
  rmSync(directory, { recursive: true });
  expect(() => resolveConfig(parsed.given)).toThrow(`open ${path}: no such file or directory`);
});

test("switches of older releases become gates, and what means nothing any more is taken with a warning", () => {
  const argv = [
    "--experimental-initial-corrupt-check=true",
    "--experimental-enable-lease-checkpoint",
    "--feature-gates=LeaseCheckpoint=false",
    "--proxy",
    "off",
    "--enable-v2=true",
    "--v2-deprecation=write-only",
    "--name=a",
  ];
  const parsed = parseFlags(argv, {});
  if (parsed.kind !== "run") expect.unreachable();
  expect(parsed.given.get("name")).toBe("a");
  expect(parsed.given.get("feature-gates")).toBe("LeaseCheckpoint=false,InitialCorruptCheck=true");
  expect(parsed.warnings.length).toBe(5);
  const gates = resolveConfig(parsed.given).featureGates;
  expect(gates.filter(({ enabled }) => enabled).map(({ name }) => name)).toEqual([
    "FastLeaseKeepAlive",
    "InitialCorruptCheck",
    "TxnModeWriteWithSharedBuffer",
  ]);
});
