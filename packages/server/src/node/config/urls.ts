/**
 * Lists of URLs as etcd's flags give them. A URL keeps the text it was configured with, because member ids are computed
 * from that text. Source: etcd `client/pkg/types/urls.go`.
 */

export interface MemberUrl {
  /** As configured, trimmed. */
  readonly text: string;
  readonly scheme: "http" | "https" | "unix" | "unixs";
  /** Host without brackets; for unix sockets the path. */
  readonly host: string;
  /** 0 for unix sockets. */
  readonly port: number;
  /** Other processes may listen on the same port. */
  readonly reusePort?: boolean;
}

export class UrlError extends Error {
  override readonly name = "UrlError";
}

/** Parses a comma-separated list and sorts it bytewise. @throws UrlError with etcd's wording. */
export function parseUrls(list: string): MemberUrl[] {
  const texts = list
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  if (texts.length === 0) throw new UrlError("no valid URLs given");
  return texts.map(parseUrl).sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
}

function parseUrl(text: string): MemberUrl {
  const match = /^([a-z]+):\/\/(.*)$/.exec(text);
  const scheme = match?.[1];
  const rest = match?.[2] ?? "";
  if (scheme === "unix" || scheme === "unixs") return { text, scheme, host: rest, port: 0 };
  if (scheme !== "http" && scheme !== "https") {
    throw new UrlError(`URL scheme must be http, https, unix, or unixs: ${text}`);
  }
  const slash = rest.indexOf("/");
  if (slash >= 0) throw new UrlError(`URL must not contain a path: ${text}`);
  const address = /^(\[[0-9a-fA-F:.%]+\]|[^:[\]]*):(\d+)$/.exec(rest);
  const port = Number(address?.[2] ?? "NaN");
  if (address === null || !(port >= 0 && port <= 65_535)) {
    throw new UrlError(`URL address does not have the form "host:port": ${text}`);
  }
  return { text, scheme, host: (address[1] ?? "").replace(/^\[|\]$/g, ""), port };
}

/** `name=url,name=url,...`; a name may occur several times. @throws UrlError */
export function parseInitialCluster(text: string): Map<string, string[]> {
  const cluster = new Map<string, string[]>();
  for (const part of text.split(",")) {
    const trimmed = part.trim();
    if (trimmed === "") continue;
    const equals = trimmed.indexOf("=");
    const name = trimmed.slice(0, equals);
    const url = trimmed.slice(equals + 1);
    if (equals <= 0 || url === "") throw new UrlError(`empty URL given for "${equals < 0 ? trimmed : name}"`);
    cluster.set(name, [...(cluster.get(name) ?? []), parseUrl(url).text].sort());
  }
  return cluster;
}
