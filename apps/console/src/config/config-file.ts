/** The config file: the flags as JSON. What it does not know it refuses, so that a misspelt protection does not go unnoticed. */
import type { ClusterDescription } from "./cluster-flag.js";
import { ConfigError } from "./config-error.js";
import { readFile } from "./read-clusters.js";

export interface ConfigFile {
  readonly listen?: string;
  readonly readOnly?: boolean;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly allowedHosts?: readonly string[];
  readonly loginUser?: string;
  readonly loginPasswordFile?: string;
  readonly clusters?: readonly ClusterDescription[];
}

type Kind = "string" | "boolean" | "strings" | "clusters";

const FIELDS: Readonly<Record<keyof ConfigFile, Kind>> = {
  listen: "string",
  readOnly: "boolean",
  tlsCert: "string",
  tlsKey: "string",
  allowedHosts: "strings",
  loginUser: "string",
  loginPasswordFile: "string",
  clusters: "clusters",
};

const CLUSTER_FIELDS: Readonly<Record<keyof ClusterDescription, Kind>> = {
  name: "string",
  endpoints: "strings",
  cacert: "string",
  cert: "string",
  key: "string",
  serverName: "string",
  user: "string",
  passwordFile: "string",
};

export function readConfigFile(path: string): ConfigFile {
  let value: unknown;
  try {
    value = JSON.parse(readFile(path).toString("utf8"));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${path} is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  checkFields(value, FIELDS, path);
  return value as ConfigFile;
}

function checkFields(value: unknown, fields: Readonly<Record<string, Kind>>, where: string): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ConfigError(`${where}: an object is expected`);
  }
  for (const [name, field] of Object.entries(value)) {
    const kind = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (kind === undefined) {
      throw new ConfigError(`${where}: "${name}" is not known; there are ${Object.keys(fields).join(", ")}`);
    }
    checkField(field, kind, `${where}: ${name}`);
  }
}

function checkField(field: unknown, kind: Kind, where: string): void {
  switch (kind) {
    case "string":
    case "boolean":
      if (typeof field !== kind) throw new ConfigError(`${where} must be a ${kind}`);
      return;
    case "strings":
      if (!Array.isArray(field) || !field.every((item) => typeof item === "string")) {
        throw new ConfigError(`${where} must be a list of strings`);
      }
      return;
    case "clusters":
      if (!Array.isArray(field)) throw new ConfigError(`${where} must be a list`);
      field.forEach((item, place) => checkFields(item, CLUSTER_FIELDS, `${where}[${place}]`));
      return;
  }
}
