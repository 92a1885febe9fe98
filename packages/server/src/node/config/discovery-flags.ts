/** How a new member learns who the others are, where the flags do not say so themselves. Source: etcd `server/embed/config.go`. */

/** DNS, asked when `domain` is not empty. */
export interface SrvSettings {
  readonly domain: string;
  /** Behind the names of the services; empty for none. */
  readonly serviceSuffix: string;
}

export interface DiscoveryEndpoint {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
}

/** A registry shared with the other members. */
export interface DiscoverySettings {
  readonly token: string;
  readonly endpoints: readonly DiscoveryEndpoint[];
  readonly dialTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
  /** No TLS unless an endpoint says https. */
  readonly insecureTransport: boolean;
  readonly skipVerify: boolean;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** Empty: nobody logs in. */
  readonly user: string;
  readonly password: string;
}

interface FlagValues {
  text(name: string): string;
  list(name: string): readonly string[];
  boolean(name: string): boolean;
  durationMs(name: string): number;
}

/** @returns undefined when there is no registry. @param fail takes what is wrong with the flags */
export function readDiscoveryFlags(
  values: FlagValues,
  fail: (text: string) => never,
): DiscoverySettings | undefined {
  const token = values.text("discovery-token");
  const endpointsText = values.text("discovery-endpoints");
  if (token === "" && endpointsText === "") return undefined;
  if (token === "" || endpointsText === "")
    return fail("both --discovery-token and --discovery-endpoints must be set");
  const texts = endpointsText.split(",").map((text) => text.trim());
  if (texts.includes("")) return fail("--discovery-endpoints must not contain empty endpoints");
  const settings = {
    dialTimeoutMs: values.durationMs("discovery-dial-timeout"),
    requestTimeoutMs: values.durationMs("discovery-request-timeout"),
    keepaliveTimeMs: values.durationMs("discovery-keepalive-time"),
    keepaliveTimeoutMs: values.durationMs("discovery-keepalive-timeout"),
  };
  for (const [name, ms] of [
    ["dial-timeout", settings.dialTimeoutMs],
    ["request-timeout", settings.requestTimeoutMs],
    ["keepalive-time", settings.keepaliveTimeMs],
    ["keepalive-timeout", settings.keepaliveTimeoutMs],
  ] as const) {
    if (ms <= 0) return fail(`--discovery-${name} must be positive`);
  }
  const certFile = values.text("discovery-cert");
  const keyFile = values.text("discovery-key");
  if ((certFile === "") !== (keyFile === ""))
    return fail("--discovery-cert and --discovery-key must be set together");
  const [user = "", ...rest] = values.text("discovery-user").split(":");
  const password = values.text("discovery-password") || rest.join(":");
  // etcd asks on the terminal, which a service has none of.
  if (user !== "" && password === "")
    return fail("--discovery-user needs a password, with :password or --discovery-password");
  return {
    token,
    endpoints: texts.map((text) => parseEndpoint(text, fail)),
    ...settings,
    insecureTransport: values.boolean("discovery-insecure-transport"),
    skipVerify: values.boolean("discovery-insecure-skip-tls-verify"),
    caFile: values.text("discovery-cacert"),
    certFile,
    keyFile,
    user,
    password,
  };
}

function parseEndpoint(text: string, fail: (text: string) => never): DiscoveryEndpoint {
  const match = /^(?:(https?):\/\/)?(\[[0-9a-fA-F:.%]+\]|[^:/[\]]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) return fail(`--discovery-endpoints: "${text}" is no host:port`);
  return { host: (match[2] ?? "").replace(/^\[|\]$/g, ""), port, isSecure: match[1] === "https" };
}
