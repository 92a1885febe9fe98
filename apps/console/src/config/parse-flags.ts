/** Flags, environment and config file together, checked and read. */
import { parseArgs } from "node:util";
import { createPasswordHash, parsePasswordHash } from "../login/password.js";
import type { PasswordHash } from "../login/password.js";
import { parseClusterFlag } from "./cluster-flag.js";
import type { ClusterDescription } from "./cluster-flag.js";
import { ConfigError } from "./config-error.js";
import { readConfigFile } from "./config-file.js";
import type { ConfigFile } from "./config-file.js";
import type { ConsoleOptions } from "./console-options.js";
import { ENDPOINTS_DEFAULT, LISTEN_DEFAULT, PASSWORD_VARIABLE } from "./help.js";
import { isLoopback, parseListenAddress } from "./listen-address.js";
import { readClusters, readFile, readSecret } from "./read-clusters.js";

const LOGIN_USER_DEFAULT = "admin";

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;
const FLAGS = {
  endpoints: text,
  cacert: text,
  cert: text,
  key: text,
  "server-name": text,
  user: text,
  "password-file": text,
  cluster: { type: "string", multiple: true },
  "config-file": text,
  listen: text,
  "free-port": flag,
  "tls-cert": text,
  "tls-key": text,
  "allowed-hosts": text,
  "login-user": text,
  "login-password-file": text,
  "hash-password": flag,
  "read-only": flag,
  ui: text,
  "exit-with-stdin": flag,
  version: flag,
  help: { type: "boolean", short: "h" },
} as const;

export type ParsedFlags =
  | { readonly kind: "help" | "version" | "hash-password" }
  | { readonly kind: "run"; readonly options: ConsoleOptions };

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the built screens are unless a flag says otherwise. */
  readonly uiFolder: string;
}

/** Throws ConfigError. */
export async function parseFlags(args: readonly string[], surroundings: Surroundings): Promise<ParsedFlags> {
  const given = parseValues(args);
  if (given.help) return { kind: "help" };
  if (given.version) return { kind: "version" };
  if (given["hash-password"]) return { kind: "hash-password" };
  const file: ConfigFile = given["config-file"] === undefined ? {} : readConfigFile(given["config-file"]);
  const listen = parseListenAddress(given.listen ?? file.listen ?? LISTEN_DEFAULT);
  const login = await readLogin(given, file, surroundings.env);
  if (login === undefined && !isLoopback(listen.host)) {
    throw new ConfigError(
      `--listen=${given.listen ?? file.listen} is reached from other machines, so a login is required: give --login-password-file or ${PASSWORD_VARIABLE}`,
    );
  }
  const tls = readTls(given["tls-cert"] ?? file.tlsCert, given["tls-key"] ?? file.tlsKey);
  const options: ConsoleOptions = {
    listen,
    fallsBackToFreePort: given["free-port"] ?? false,
    allowedHosts: (split(given["allowed-hosts"]) ?? file.allowedHosts ?? []).map((host) =>
      host.toLowerCase(),
    ),
    isReadOnly: given["read-only"] ?? file.readOnly ?? false,
    clusters: readClusters(describeClusters(given, file)),
    uiFolder: given.ui ?? surroundings.uiFolder,
    endsWithStdin: given["exit-with-stdin"] ?? false,
    ...(tls === undefined ? {} : { tls }),
    ...(login === undefined ? {} : { login }),
  };
  return { kind: "run", options };
}

// What parseArgs makes of FLAGS, which a function of its own could not say in types.
function parseValues(args: readonly string[]): Values {
  try {
    return parseArgs({ args: [...args], options: FLAGS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}

type Values = ReturnType<typeof parseArgs<{ options: typeof FLAGS }>>["values"];

/** Flags for one cluster replace the file's clusters; those of `--cluster` do too. */
function describeClusters(given: Values, file: ConfigFile): readonly ClusterDescription[] {
  const simple: ClusterDescription = {
    endpoints: split(given.endpoints),
    cacert: given.cacert,
    cert: given.cert,
    key: given.key,
    serverName: given["server-name"],
    user: given.user,
    passwordFile: given["password-file"],
  };
  const isSimple = Object.values(simple).some((value) => value !== undefined);
  const several = (given.cluster ?? []).map(parseClusterFlag);
  if (isSimple && several.length > 0) {
    throw new ConfigError(
      "--cluster says all about a cluster itself; --endpoints and the flags beside it are for a single one",
    );
  }
  if (several.length > 0) return several;
  if (!isSimple && file.clusters !== undefined && file.clusters.length > 0) return file.clusters;
  return [{ ...simple, endpoints: simple.endpoints ?? [ENDPOINTS_DEFAULT] }];
}

async function readLogin(
  given: Values,
  file: ConfigFile,
  env: Surroundings["env"],
): Promise<{ user: string; password: PasswordHash } | undefined> {
  const passwordFile = given["login-password-file"] ?? file.loginPasswordFile;
  const secret = passwordFile === undefined ? env[PASSWORD_VARIABLE] : readSecret(passwordFile);
  const user = given["login-user"] ?? file.loginUser;
  if (secret === undefined) {
    if (user === undefined) return undefined;
    throw new ConfigError(
      `a login user needs a password: give --login-password-file or ${PASSWORD_VARIABLE}`,
    );
  }
  if (secret === "")
    throw new ConfigError(`the login's password is empty (${passwordFile ?? PASSWORD_VARIABLE})`);
  const password = parsePasswordHash(secret) ?? (await createPasswordHash(secret));
  return { user: user ?? LOGIN_USER_DEFAULT, password };
}

function readTls(cert: string | undefined, key: string | undefined): ConsoleOptions["tls"] {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new ConfigError("--tls-cert and --tls-key are only of use together");
  }
  return { cert: readFile(cert), key: readFile(key) };
}

function split(list: string | undefined): string[] | undefined {
  return list?.split(",").map((item) => item.trim());
}
