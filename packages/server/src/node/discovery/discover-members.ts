/** Completes the configuration of a member that has no log yet with who the others are, where the flags name a place to ask. */
import { setTimeout as pause } from "node:timers/promises";
import { formatHexId } from "@quorate/proto";
import { BootstrapError } from "../bootstrap.js";
import type { MemberConfig } from "../config/config.js";
import type { Logger } from "../log/logger.js";
import { computeMemberId } from "../member-ids.js";
import { RegistryClient } from "./registry-client.js";
import { joinRegistry } from "./registry.js";
import { findSrvMembers } from "./srv-members.js";

/** @throws BootstrapError, or what reading certificates throws. */
export async function discoverMembers(config: MemberConfig, logger: Logger): Promise<MemberConfig> {
  if (config.discovery !== undefined) return { ...config, initialCluster: await askRegistry(config, logger) };
  if (config.discoverySrv.domain !== "")
    return { ...config, initialCluster: await findSrvMembers(config, logger) };
  return config;
}

async function askRegistry(
  { name, advertisePeerUrls, initialClusterToken: token, discovery }: MemberConfig,
  logger: Logger,
): Promise<Map<string, string[]>> {
  if (discovery === undefined) throw new BootstrapError("there is no registry to ask");
  const urls = advertisePeerUrls.map(({ text }) => text);
  const store = await RegistryClient.open(discovery);
  try {
    return await joinRegistry({
      token: discovery.token,
      memberIdText: formatHexId(computeMemberId(urls, token)),
      ownText: urls.map((url) => `${name}=${url}`).join(","),
      store,
      logger,
      pause: (ms) => pause(ms),
    });
  } catch (error) {
    if (error instanceof BootstrapError) {
      logger.warn("failed to bootstrap with the discovery service", { "discovery-token": token, error });
      logger.warn("do not reuse discovery token; generate a new one to bootstrap a cluster");
    }
    throw error;
  } finally {
    store.close();
  }
}
