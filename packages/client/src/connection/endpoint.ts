/** Endpoints as people write them: `host:port`, `http://host:port`, `https://host:port`, `unix:path`, `unixs:path`. */

export interface Endpoint {
  /** Host and port, or the path of a socket. */
  readonly address: string;
  readonly isUnix: boolean;
  /** Undefined where the text leaves it to the client's options. */
  readonly isSecure: boolean | undefined;
}

const DEFAULT_PORT = 2379;
const PORT_MAX = 65_535;

/** An address of IPv6 without brackets, which leaves no room for a port. */
const BARE_IPV6 = /^(?=.*::|(?:[^:]*:){7})[\da-f:.]+(?:%[\w.]+)?$/i;
/** A name, an address of IPv4, or one of IPv6 in brackets; perhaps a port. No name at all is this machine, as in Go. */
const HOST_AND_PORT = /^(?:\[[^[\],]+\]|[^:,[\]]*)(?::\d+)?$/;

/** @throws TypeError for a text that names no place. */
export function parseEndpoint(text: string): Endpoint {
  const match = /^(?:(https?|unixs?):)?(.*)$/s.exec(text.trim());
  const scheme = match?.[1];
  const rest = (match?.[2] ?? "").replace(/^\/\//, "");
  const isSecure = scheme === undefined ? undefined : scheme === "https" || scheme === "unixs";
  if (rest === "") throw new TypeError(`"${text}" is no endpoint`);
  if (scheme?.startsWith("unix") === true) return { address: rest, isUnix: true, isSecure };
  const host = rest.replace(/\/+$/, "");
  if (host === "" || /[/\s@]/.test(host)) throw new TypeError(`"${text}" is no endpoint`);
  const port = /^(?:\[[^\]]*\]|[^:]*):(\d+)$/.exec(host)?.[1];
  if (Number(port ?? 0) > PORT_MAX)
    throw new TypeError(`"${text}" is no endpoint: no port is above ${PORT_MAX}`);
  const isBareIpv6 = BARE_IPV6.test(host);
  if (!isBareIpv6 && !HOST_AND_PORT.test(host)) throw new TypeError(`"${text}" is no endpoint`);
  const address = isBareIpv6
    ? `[${host}]:${DEFAULT_PORT}`
    : port === undefined
      ? `${host}:${DEFAULT_PORT}`
      : host;
  return { address, isUnix: false, isSecure };
}

/** The host of an address without brackets: a name, or an address of IPv4 or IPv6. */
export function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "");
}
