/**
 * `--config-file`: a YAML file in place of all flags and variables. Its keys are the flags' names; TLS, discovery and sockets have groups of
 * their own. Keys that nobody knows are passed over, as etcd does. Source: etcd `server/embed/config.go`; operations 5.1.
 */
import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";
import { FLAG_TABLE, type FlagSpec } from "./flag-table.js";
import { valueError, type FlagTexts } from "./parse-flags.js";

/** The file cannot be read, or is no configuration. */
export class ConfigFileError extends Error {
  override readonly name = "ConfigFileError";
}

const SPECS: ReadonlyMap<string, FlagSpec> = new Map(FLAG_TABLE.map((spec) => [spec.name, spec]));

/** The flags behind the keys of a group. */
type Group = Readonly<Record<string, string>>;

const CLIENT_SECURITY: Group = {
  "cert-file": "cert-file",
  "key-file": "key-file",
  "client-cert-file": "client-cert-file",
  "client-key-file": "client-key-file",
  "client-cert-auth": "client-cert-auth",
  "trusted-ca-file": "trusted-ca-file",
  "auto-tls": "auto-tls",
  "allowed-hostname": "client-cert-allowed-hostname",
  "allowed-hostnames": "client-cert-allowed-hostname",
};

const PEER_SECURITY: Group = {
  "cert-file": "peer-cert-file",
  "key-file": "peer-key-file",
  "client-cert-file": "peer-client-cert-file",
  "client-key-file": "peer-client-key-file",
  "client-cert-auth": "peer-client-cert-auth",
  "trusted-ca-file": "peer-trusted-ca-file",
  "auto-tls": "peer-auto-tls",
  "allowed-cn": "peer-cert-allowed-cn",
  "allowed-cns": "peer-cert-allowed-cn",
  "allowed-hostname": "peer-cert-allowed-hostname",
  "allowed-hostnames": "peer-cert-allowed-hostname",
  "skip-client-san-verification": "peer-skip-client-san-verification",
};

const GROUPS: Readonly<Record<string, Group>> = {
  "client-transport-security": CLIENT_SECURITY,
  "peer-transport-security": PEER_SECURITY,
  "discovery-config": { token: "discovery-token" },
  "socket-options": { "reuse-port": "socket-reuse-port", "reuse-address": "socket-reuse-address" },
};

/** @throws ConfigFileError */
export function readConfigFile(path: string): FlagTexts {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const reason = code === "ENOENT" ? "no such file or directory" : String(error);
    throw new ConfigFileError(`open ${path}: ${reason}`, { cause: error });
  }
  return parseConfigFile(text);
}

/** @throws ConfigFileError */
export function parseConfigFile(text: string): FlagTexts {
  const root = parseYaml(text);
  const given = new Map<string, string>();
  for (const [key, value] of Object.entries(root)) {
    const group = GROUPS[key];
    if (group === undefined) put(given, key, value);
    else if (isTable(value))
      for (const [inner, flag] of Object.entries(group)) put(given, flag, value[inner]);
    else if (value !== null) throw new ConfigFileError(`${key} must be a table`);
  }
  const client = isTable(root["discovery-config"]) ? root["discovery-config"]["client"] : undefined;
  if (isTable(client)) readDiscoveryClient(client, given);
  return given;
}

function readDiscoveryClient(client: Readonly<Record<string, unknown>>, given: Map<string, string>): void {
  put(given, "discovery-endpoints", client["endpoints"]);
  for (const key of ["dial-timeout", "request-timeout", "keepalive-time", "keepalive-timeout"])
    put(given, `discovery-${key}`, client[key]);
  const { auth, secure } = client;
  if (isTable(auth)) {
    put(given, "discovery-user", auth["username"]);
    put(given, "discovery-password", auth["password"]);
  }
  if (!isTable(secure)) return;
  for (const key of ["cert", "key", "cacert", "insecure-transport", "insecure-skip-tls-verify"])
    put(given, `discovery-${key}`, secure[key]);
}

function parseYaml(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    // As Go's reader has it: the first document counts, and of a key that comes twice the last.
    const [document] = parseAllDocuments(text, { uniqueKeys: false });
    const [error] = document?.errors ?? [];
    if (error !== undefined) throw error;
    value = document?.toJS({ maxAliasCount: 0 });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigFileError(`error converting YAML to JSON: yaml: ${reason}`, { cause: error });
  }
  if (value === null || value === undefined) return {};
  if (!isTable(value)) throw new ConfigFileError("the configuration file must be a table of options");
  return value;
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Empty values are as good as none, but for the list of members: nobody is in that. */
function put(given: Map<string, string>, name: string, value: unknown): void {
  const spec = SPECS.get(name);
  if (spec === undefined || value === null || value === undefined) return;
  if (value === "" && name !== "initial-cluster") return;
  const text = textOf(spec, value);
  if (text === undefined || valueError(spec, text) !== undefined) {
    throw new ConfigFileError(
      `error unmarshaling JSON: while decoding JSON: cannot use ${JSON.stringify(value)} for ${name}`,
    );
  }
  given.set(name, text);
}

/** Those of YAML 1.1, which templates still write and Go's reader takes. */
const OLD_BOOLEANS: ReadonlyMap<string, string> = new Map([
  ["y", "true"],
  ["yes", "true"],
  ["on", "true"],
  ["n", "false"],
  ["no", "false"],
  ["off", "false"],
]);

function textOf({ kind }: FlagSpec, value: unknown): string | undefined {
  if (Array.isArray(value))
    return kind === "strings" || kind === "string" ? value.map(String).join(",") : undefined;
  if (kind === "bool" && typeof value === "string") return OLD_BOOLEANS.get(value.toLowerCase()) ?? value;
  // Durations without a unit are Go's: nanoseconds.
  if (typeof value === "number") return kind === "duration" ? `${String(value)}ns` : String(value);
  return typeof value === "string" || typeof value === "boolean" ? String(value) : undefined;
}
