/**
 * Who a member without a log is: a founder of a new cluster, whom the flags describe, or a newcomer to one that runs, whom the others
 * know already because an operator has added it.
 *
 * Nothing here authenticates beyond what the transport does; ids and the cluster's id come from the others' member list.
 * Source: operations 2.5; raft-peers-formats 7.2 and 7.4.
 */
import { lookup } from "node:dns/promises";
import { formatHexId } from "@quorate/proto";
import type { MemberRow } from "../api/member-port.js";
import { compareVersions, lineOf, parseSemanticVersion } from "../cluster/semantic-version.js";
import { joinableVersions } from "../cluster/version-rules.js";
import type { PeerTls } from "../peers/http-request.js";
import { fetchDowngradeEnabled, fetchMembers, fetchVersion, RemoteFailure } from "../peers/remote.js";
import { BootstrapError, identityFromConfig, type Birth } from "./bootstrap.js";
import { checkInitialCluster, ConfigError, type MemberConfig } from "./config/config.js";
import type { Logger } from "./log/logger.js";

/** For each URL that is asked about a cluster to join. */
const JOIN_TIMEOUT_MS = 10_000;
/** For each URL that is asked whether a cluster is there already. */
const BOOTSTRAP_TIMEOUT_MS = 1000;
/** For all look-ups of names together. */
const RESOLVE_TIMEOUT_MS = 30_000;

export interface JoinOptions {
  readonly config: MemberConfig;
  readonly serverVersion: string;
  readonly logger: Logger;
  /** For https URLs of others. */
  readonly tls?: PeerTls | undefined;
}

/** @throws BootstrapError with what the operator can do about it. */
export async function findBirth(options: JoinOptions): Promise<Birth> {
  try {
    checkInitialCluster(options.config);
  } catch (error) {
    if (error instanceof ConfigError) throw new BootstrapError(error.message, { cause: error });
    throw error;
  }
  return options.config.initialClusterState === "existing" ? join(options) : found(options);
}

/** A cluster must not be founded twice: others may remember this member. */
async function found({ config, tls }: JoinOptions): Promise<Birth> {
  const birth = identityFromConfig(config);
  const others = otherUrls(config);
  if (others.length === 0) return birth;
  const view = await fetchMembers(others, { timeoutMs: BOOTSTRAP_TIMEOUT_MS, tls });
  if (view instanceof RemoteFailure) return birth;
  const known = view.members.find(({ id }) => id === birth.memberId);
  if (known !== undefined && known.clientUrls.length > 0)
    throw new BootstrapError(`member ${formatHexId(birth.memberId)} has already been bootstrapped`);
  return birth;
}

async function join(options: JoinOptions): Promise<Birth> {
  const { config, logger, tls } = options;
  const urls = otherUrls(config);
  const view = await fetchMembers(urls, { timeoutMs: JOIN_TIMEOUT_MS, tls });
  if (view instanceof RemoteFailure) {
    throw new BootstrapError(
      `cannot fetch cluster info from peer urls: ${view.reason}. Are the URLs of --initial-cluster those of running members?`,
    );
  }
  if (view.members.length === 0)
    throw new BootstrapError("failed to get raft cluster member(s) from the given URLs");
  const own = await matchMembers(config, view.members);
  const learners = view.members.filter(({ isLearner }) => isLearner).length;
  if (learners > config.learnersMax)
    throw new BootstrapError("membership: too many learner members in cluster; see --max-learners");
  await checkVersions(options, urls);
  logger.info("joining an existing cluster", {
    "cluster-id": formatHexId(view.clusterId),
    "local-member-id": formatHexId(own.id),
    members: view.members.map(({ id }) => formatHexId(id)),
  });
  return {
    memberId: own.id,
    clusterId: view.clusterId,
    peers: [],
    remotes: view.members.filter(({ id }) => id !== own.id),
  };
}

function otherUrls(config: MemberConfig): string[] {
  const urls: string[] = [];
  for (const [name, peerUrls] of config.initialCluster) if (name !== config.name) urls.push(...peerUrls);
  return urls.sort();
}

/** The flags must describe the members that the cluster knows, this one included. @returns this member as the others know it. */
async function matchMembers(config: MemberConfig, members: readonly MemberRow[]): Promise<MemberRow> {
  if (members.length !== config.initialCluster.size) {
    throw new BootstrapError(
      `error validating peerURLs: member count is unequal: the cluster has ${members.length} members, --initial-cluster ` +
        `names ${config.initialCluster.size}. Has the new member been added (etcdctl member add)?`,
    );
  }
  const resolver = new UrlResolver();
  const flags = await Promise.all(
    [...config.initialCluster].map(async ([name, urls]) => ({ name, urls: await resolver.resolveAll(urls) })),
  );
  let own: MemberRow | undefined;
  for (const member of members) {
    const urls = await resolver.resolveAll(member.peerUrls);
    const match = flags.find((flag) => sameSet(flag.urls, urls));
    // Each flag speaks of one member.
    if (match !== undefined) flags.splice(flags.indexOf(match), 1);
    if (match === undefined) {
      throw new BootstrapError(
        `error validating peerURLs: PeerURLs: no match found for existing member (${formatHexId(member.id)}, ` +
          `[${member.peerUrls.join(" ")}]), last resolver error (${resolver.lastError})`,
      );
    }
    if (match.name === config.name) own = member;
  }
  if (own === undefined)
    throw new BootstrapError(
      `couldn't find local name "${config.name}" in the initial cluster configuration`,
    );
  return own;
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each) => b.includes(each));
}

/** URLs with host names replaced by addresses, so that different spellings of one place are equal. */
class UrlResolver {
  lastError = "none";
  readonly #untilMs: number = performance.now() + RESOLVE_TIMEOUT_MS;

  resolveAll(urls: readonly string[]): Promise<string[]> {
    return Promise.all(urls.map((url) => this.#resolve(url)));
  }

  async #resolve(text: string): Promise<string> {
    if (!URL.canParse(text)) return text;
    const url = new URL(text);
    const leftMs = this.#untilMs - performance.now();
    const timeout = new Promise<undefined>((resolve) => {
      setTimeout(() => resolve(undefined), Math.max(leftMs, 0)).unref();
    });
    try {
      const found = await Promise.race([lookup(url.hostname.replace(/^\[|\]$/g, "")), timeout]);
      if (found === undefined) return text;
      return `${url.protocol}//${found.family === 6 ? `[${found.address}]` : found.address}:${url.port}`;
    } catch (error) {
      this.lastError = error instanceof Error ? error.message : String(error);
      return text;
    }
  }
}

/** The cluster's version must be one that this server can live with. */
async function checkVersions({ serverVersion, tls }: JoinOptions, urls: readonly string[]): Promise<void> {
  const answers = await Promise.all(
    urls.map((url) => fetchVersion(url, { timeoutMs: JOIN_TIMEOUT_MS, tls })),
  );
  let isDowngrading = false;
  for (const url of urls) {
    const enabled = await fetchDowngradeEnabled(url, { timeoutMs: JOIN_TIMEOUT_MS, tls });
    if (enabled instanceof RemoteFailure) continue;
    isDowngrading = enabled;
    break;
  }
  const { lowest, highest } = joinableVersions(serverVersion, isDowngrading);
  const clusters = answers
    .map((answer) => (answer instanceof RemoteFailure ? undefined : parseSemanticVersion(answer.cluster)))
    .filter((version) => version !== undefined);
  const fits = clusters.every(
    (version) => compareVersions(version, lowest) >= 0 && compareVersions(lineOf(version), highest) <= 0,
  );
  if (clusters.length === 0 || !fits) throw new BootstrapError("incompatible with current running cluster");
}
