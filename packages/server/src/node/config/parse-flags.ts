/**
 * The command line and the environment, read as etcd reads them: one or two dashes, `=value` or the next word, booleans
 * bare, the last of several wins. Source: Go's flag package; etcd `pkg/flags`.
 */
import {
  FLAG_ALIASES,
  FLAG_GATES,
  FLAG_TABLE,
  FLAGS_IGNORED,
  HELP_FLAGS,
  VERSION_FLAG,
  type FlagSpec,
} from "./flag-table.js";
import { parseUrls, UrlError } from "./urls.js";
import { parseGoBool, parseGoDurationMs, parseGoInt } from "./go-values.js";

/** Flag texts by name, as given; a flag not given is absent. */
export type FlagTexts = ReadonlyMap<string, string>;

export type ParsedFlags =
  | { readonly kind: "run"; readonly given: FlagTexts; readonly warnings: readonly string[] }
  | { readonly kind: "version" }
  | { readonly kind: "help" }
  | { readonly kind: "error"; readonly message: string; readonly exitCode: 1 | 2 };

const SPECS: ReadonlyMap<string, FlagSpec> = new Map(FLAG_TABLE.map((spec) => [spec.name, spec]));
/** Set by etcd's own tooling; not options. */
const ENVIRONMENT_IGNORED: ReadonlySet<string> = new Set(["ETCD_UNSUPPORTED_ARCH", "ETCD_VERSION"]);

/** @param argv the words after the program's name. */
export function parseFlags(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ParsedFlags {
  const given = new Map<string, string>();
  const ignored: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? "";
    const match = /^--?([^-=][^=]*)(?:=([\s\S]*))?$/.exec(word);
    if (match === null) return error(`"${word}" is not a valid flag`, 1);
    const name = match[1] ?? "";
    if (HELP_FLAGS.includes(name)) return { kind: "help" };
    if (FLAGS_IGNORED.has(name)) {
      ignored.push(`--${name} is deprecated and has no effect`);
      // A word behind it is its value, since words alone are no flags.
      if (match[2] === undefined && argv[i + 1]?.startsWith("-") === false) i += 1;
      continue;
    }
    const spec = findSpec(name);
    if (spec === undefined && name !== VERSION_FLAG)
      return error(`flag provided but not defined: -${name}`, 2);
    const boolean = spec === undefined || spec.kind === "bool";
    let value = match[2];
    if (value === undefined && boolean) value = "true";
    if (value === undefined) {
      i += 1;
      value = argv[i];
      if (value === undefined) return error(`flag needs an argument: -${name}`, 2);
    }
    const wrong = spec === undefined ? boolError(value) : argumentError(spec, value);
    if (wrong !== undefined)
      return error(
        `invalid ${boolean ? "boolean " : ""}value "${value}" for ${boolean ? "" : "flag "}-${name}: ${wrong}`,
        2,
      );
    if (spec === undefined) {
      if (parseGoBool(value) === true) return { kind: "version" };
      continue;
    }
    given.set(name, value);
  }
  return addEnvironment(given, environment, ignored);
}

/** URLs and choices are read with the flags themselves, from a file or a variable later. */
function argumentError(spec: FlagSpec, value: string): string | undefined {
  const { name } = spec;
  if (name === "initial-cluster-state" && value !== "new" && value !== "existing")
    return `invalid value "${value}"`;
  if (!URL_FLAGS.has(name) || value === "") return valueError(spec, value);
  try {
    parseUrls(value);
    return undefined;
  } catch (error) {
    if (error instanceof UrlError) return error.message;
    throw error;
  }
}

const URL_FLAGS: ReadonlySet<string> = new Set([
  "listen-peer-urls",
  "initial-advertise-peer-urls",
  "listen-client-urls",
  "listen-client-http-urls",
  "advertise-client-urls",
  "listen-metrics-urls",
]);

function findSpec(name: string): FlagSpec | undefined {
  if (FLAG_GATES.has(name)) return { name, kind: "bool", fallback: "false", effect: "on", help: "" };
  return SPECS.get(FLAG_ALIASES.get(name) ?? name);
}

/** Gives the values of older names to the names that replaced them, unless those have one. */
function replaceAliases(given: Map<string, string>, warnings: string[]): void {
  for (const [alias, name] of FLAG_ALIASES) {
    const value = given.get(alias);
    if (value === undefined) continue;
    given.delete(alias);
    warnings.push(`--${alias} is deprecated; use --${name}`);
    if (!given.has(name)) given.set(name, value);
  }
  for (const [alias, gate] of FLAG_GATES) {
    const value = given.get(alias);
    if (value === undefined) continue;
    given.delete(alias);
    warnings.push(`--${alias} is deprecated; use --feature-gates=${gate}=true`);
    const gates = given.get("feature-gates") ?? "";
    if (!gates.split(",").some((each) => each.trim().startsWith(`${gate}=`)))
      given.set("feature-gates", [gates, `${gate}=${value}`].filter((each) => each !== "").join(","));
  }
}

function addEnvironment(
  given: Map<string, string>,
  environment: Readonly<Record<string, string | undefined>>,
  ignored: readonly string[],
): ParsedFlags {
  const warnings: string[] = [...ignored];
  const onCommandLine = new Set(given.keys());
  for (const [variable, value] of Object.entries(environment)) {
    if (
      !variable.startsWith("ETCD_") ||
      value === undefined ||
      value === "" ||
      ENVIRONMENT_IGNORED.has(variable)
    )
      continue;
    const name = variable.slice("ETCD_".length).toLowerCase().replaceAll("_", "-");
    const spec = findSpec(name);
    if (spec === undefined) {
      warnings.push(`unrecognized environment variable: ${variable}=${value}`);
      continue;
    }
    if (onCommandLine.has(name)) {
      return error(
        `conflicting environment variable "${variable}" is shadowed by corresponding command-line flag (either unset environment variable or disable flag))`,
        1,
      );
    }
    const wrong = valueError(spec, value);
    if (wrong !== undefined) return error(`invalid value "${value}" for ${variable}: ${wrong}`, 1);
    given.set(name, value);
  }
  replaceAliases(given, warnings);
  return { kind: "run", given, warnings };
}

/** What is wrong with a value, as Go says it. */
export function valueError(spec: FlagSpec, text: string): string | undefined {
  switch (spec.kind) {
    case "bool":
      return boolError(text);
    case "int":
      return parseGoInt(text) === undefined ? "parse error" : undefined;
    case "uint": {
      const value = parseGoInt(text);
      return value === undefined || value < 0 ? "parse error" : undefined;
    }
    case "duration":
      return parseGoDurationMs(text) === undefined ? "parse error" : undefined;
    case "string":
    case "strings":
      return undefined;
  }
}

function boolError(text: string): string | undefined {
  return parseGoBool(text) === undefined ? "parse error" : undefined;
}

function error(message: string, exitCode: 1 | 2): ParsedFlags {
  return { kind: "error", message, exitCode };
}
