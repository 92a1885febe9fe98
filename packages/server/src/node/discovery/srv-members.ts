/**
 * Members of a new cluster from DNS: SRV records of `_etcd-server-ssl._tcp.<domain>` for https, and of `_etcd-server._tcp.<domain>` for http,
 * each with `-<suffix>` where there is one. The record that resolves to a peer URL of this member is this member; the others, whose names
 * nobody knows, are numbered.
 *
 * Source: etcd `client/pkg/srv`, `server/embed/config.go`.
 */
import { lookup, resolveSrv } from "node:dns/promises";
import type { SrvRecord } from "node:dns";
import { isIP } from "node:net";
import { BootstrapError } from "../bootstrap.js";
import type { MemberConfig } from "../config/config.js";
import type { MemberUrl } from "../config/urls.js";
import type { Logger } from "../log/logger.js";

/** How names are looked up. */
export interface NameService {
  /** In the order in which they are to be used. */
  resolveSrv(name: string): Promise<readonly Pick<SrvRecord, "name" | "port">[]>;
  /** An address of a host name. */
  resolveHost(host: string): Promise<string>;
}

export const systemNames: NameService = {
  resolveSrv: async (name) => {
    const records = await resolveSrv(name);
    return records.sort((a, b) => a.priority - b.priority || b.weight - a.weight);
  },
  resolveHost: async (host) => (await lookup(host)).address,
};

type DiscoveryConfig = Pick<MemberConfig, "name" | "advertisePeerUrls" | "discoverySrv">;

/** @returns peer URLs by member name. @throws BootstrapError when this member is not among them. */
export async function findSrvMembers(
  { name, advertisePeerUrls, discoverySrv }: DiscoveryConfig,
  logger: Logger,
  names: NameService = systemNames,
): Promise<Map<string, string[]>> {
  const { domain, serviceSuffix } = discoverySrv;
  const search = { name, names, own: await resolveUrls(advertisePeerUrls, names) };
  const members = new Map<string, string[]>();
  const failures: string[] = [];
  for (const [scheme, service] of [
    ["https", "etcd-server-ssl"],
    ["http", "etcd-server"],
  ] as const) {
    const suffixed = serviceSuffix === "" ? service : `${service}-${serviceSuffix}`;
    const fields = {
      "service-scheme": scheme,
      "service-name": suffixed,
      "server-name": name,
      "discovery-srv": domain,
    };
    try {
      const found = await findMembers(`_${suffixed}._tcp.${domain}`, scheme, search);
      for (const [each, url] of found) members.set(each, [...(members.get(each) ?? []), url].sort());
      logger.info(`get cluster for ${service} SRV`, {
        ...fields,
        "found-cluster": found.map((pair) => pair.join("=")),
      });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      failures.push(text);
      logger.info(`get cluster for ${service} SRV`, { ...fields, error: text });
    }
  }
  if (members.size === 0) throw new BootstrapError(`error querying DNS SRV records: ${failures.join("; ")}`);
  if (!members.has(name)) throw new BootstrapError(`cannot find local etcd member "${name}" in SRV records`);
  return members;
}

interface Search {
  readonly name: string;
  readonly names: NameService;
  /** This member's peer URLs by `address:port`. */
  readonly own: ReadonlyMap<string, MemberUrl>;
}

async function findMembers(
  service: string,
  scheme: "http" | "https",
  { name, names, own }: Search,
): Promise<(readonly [string, string])[]> {
  const found: (readonly [string, string])[] = [];
  let failure: Error | undefined;
  let unnamedCount = 0;
  for (const record of await names.resolveSrv(service)) {
    // Records end with a dot, URLs don't.
    const host = record.name.replace(/\.$/, "");
    const url = `${scheme}://${host.includes(":") ? `[${host}]` : host}:${record.port}`;
    let address: string;
    try {
      address = await resolve(host, names);
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      continue;
    }
    const ownUrl = own.get(`${address}:${record.port}`);
    const memberName = ownUrl === undefined ? String(unnamedCount++) : name;
    if (ownUrl !== undefined && ownUrl.scheme !== scheme) {
      failure = new Error(
        `bootstrap at ${url} from DNS for ${service} has scheme mismatch with expected peer ${ownUrl.text}`,
      );
      continue;
    }
    found.push([memberName, url]);
  }
  if (found.length === 0) throw failure ?? new Error(`no records of ${service}`);
  return found;
}

async function resolveUrls(
  urls: readonly MemberUrl[],
  names: NameService,
): Promise<ReadonlyMap<string, MemberUrl>> {
  const byAddress = new Map<string, MemberUrl>();
  for (const url of urls) byAddress.set(`${await resolve(url.host, names)}:${url.port}`, url);
  return byAddress;
}

function resolve(host: string, names: NameService): Promise<string> {
  return isIP(host) === 0 ? names.resolveHost(host) : Promise.resolve(host);
}
