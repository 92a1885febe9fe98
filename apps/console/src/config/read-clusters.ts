/** From descriptions of clusters to what is needed to reach them: files read, endpoints in one form, names that tell them apart. */
import { readFileSync } from "node:fs";
import { normalizeEndpoint } from "../clusters/endpoint.js";
import type { ClusterOptions, ClusterTls } from "../clusters/cluster-options.js";
import type { ClusterDescription } from "./cluster-flag.js";
import { ConfigError } from "./config-error.js";

export const CLUSTERS_MAX = 100;

/** Throws ConfigError; no message repeats a secret. */
export function readClusters(descriptions: readonly ClusterDescription[]): ClusterOptions[] {
  if (descriptions.length > CLUSTERS_MAX) throw new ConfigError(`more than ${CLUSTERS_MAX} clusters`);
  const ids = new Set<string>();
  return descriptions.map((description, place) => {
    const name = description.name ?? (place === 0 ? "default" : `cluster ${place + 1}`);
    const cluster = readCluster(description, name, idFor(name, ids));
    ids.add(cluster.id);
    return cluster;
  });
}

function readCluster(description: ClusterDescription, name: string, id: string): ClusterOptions {
  const tls = readTls(description, name);
  const { endpoints = [] } = description;
  if (endpoints.length === 0) throw new ConfigError(`cluster "${name}" has no endpoints`);
  const credentials = readCredentials(description, name);
  return {
    id,
    name,
    endpoints: endpoints.map((endpoint) => {
      try {
        return normalizeEndpoint(endpoint, tls !== undefined);
      } catch (error) {
        throw new ConfigError(`cluster "${name}": ${error instanceof Error ? error.message : String(error)}`);
      }
    }),
    ...(tls === undefined ? {} : { tls }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}

function readTls(
  { cacert, cert, key, serverName }: ClusterDescription,
  name: string,
): ClusterTls | undefined {
  if ((cert === undefined) !== (key === undefined)) {
    throw new ConfigError(`cluster "${name}": a certificate and its key are only of use together`);
  }
  if (cacert === undefined && cert === undefined && serverName === undefined) return undefined;
  return {
    ...(cacert === undefined ? {} : { ca: readFile(cacert) }),
    ...(cert === undefined ? {} : { cert: readFile(cert) }),
    ...(key === undefined ? {} : { key: readFile(key) }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

function readCredentials(
  { user, passwordFile }: ClusterDescription,
  name: string,
): { user: string; password: string } | undefined {
  if ((user === undefined) !== (passwordFile === undefined)) {
    throw new ConfigError(`cluster "${name}": a user and a password file are only of use together`);
  }
  return user === undefined || passwordFile === undefined
    ? undefined
    : { user, password: readSecret(passwordFile) };
}

export function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ConfigError(
      `${path} can not be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Without the newline that editors put behind it. */
export function readSecret(path: string): string {
  return readFile(path)
    .toString("utf8")
    .replace(/\r?\n$/, "");
}

/** Fit for a header and for a URL. */
function idFor(name: string, taken: ReadonlySet<string>): string {
  const plain =
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "") || "cluster";
  let id = plain;
  for (let number = 2; taken.has(id); number += 1) id = `${plain}-${number}`;
  return id;
}
