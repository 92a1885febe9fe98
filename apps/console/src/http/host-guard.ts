/**
 * Which host names a browser may address the console by. A page of another site can make its own name point to this machine, and would then be of
 * one origin with the console; it can not make its name an address, nor one of ours.
 */
import { isIP } from "node:net";

export interface HostRules {
  /** Where the console listens. */
  readonly listenHost: string;
  /** In lower case; `*` for any. */
  readonly allowedHosts: readonly string[];
}

/** @param header the Host header, with or without a port */
export function isAllowedHost(header: string | undefined, { listenHost, allowedHosts }: HostRules): boolean {
  const host = hostOf(header);
  if (host === undefined) return false;
  if (isIP(host) !== 0 || host === "localhost" || host.endsWith(".localhost")) return true;
  return allowedHosts.includes("*") || allowedHosts.includes(host) || host === listenHost.toLowerCase();
}

function hostOf(header: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:/?#@\s[\]]+))(?::\d{1,5})?$/.exec(header ?? "");
  return (match?.[1] ?? match?.[2])?.toLowerCase().replace(/\.$/, "");
}
