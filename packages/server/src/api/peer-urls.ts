/** Peer URLs as clients give them. Source: etcd `client/pkg/types/urls.go`; api/ compiles without Node's URL. */

/** Scheme, host and port and nothing else; a unix socket has a path instead. */
const PEER_URL = /^https?:\/\/(?:\[[0-9A-Fa-f:.]+(?:%[^\]/?#\s]*)?\]|[^\s/?#[\]:@]*):\d{1,5}$/;
const UNIX_URL = /^unixs?:\/\/\S+$/;
const PORT_MAX = 65_535;

/** The URLs trimmed and sorted, or undefined when one is malformed or there is none. */
export function normalizePeerUrls(urls: readonly string[]): string[] | undefined {
  const trimmed = urls.map((url) => url.trim());
  if (trimmed.length === 0 || !trimmed.every(isPeerUrl)) return undefined;
  return trimmed.sort();
}

function isPeerUrl(url: string): boolean {
  if (UNIX_URL.test(url)) return true;
  return PEER_URL.test(url) && Number(url.slice(url.lastIndexOf(":") + 1)) <= PORT_MAX;
}
