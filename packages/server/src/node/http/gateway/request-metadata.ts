/** What becomes of a request's headers: tokens and `Grpc-Metadata-*` under their names, the usual ones of HTTP with a prefix. */
import type { IncomingMessage } from "node:http";

const METADATA_PREFIX = "grpc-metadata-";

/** Source: grpc-gateway, `isPermanentHTTPHeader`. */
const USUAL_HEADERS: ReadonlySet<string> = new Set([
  "accept",
  "accept-charset",
  "accept-language",
  "accept-ranges",
  "authorization",
  "cache-control",
  "content-type",
  "cookie",
  "date",
  "expect",
  "from",
  "host",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-schedule-tag-match",
  "if-unmodified-since",
  "max-forwards",
  "origin",
  "pragma",
  "referer",
  "user-agent",
  "via",
  "warning",
]);

export function metadataOf(request: IncomingMessage): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  const { rawHeaders } = request;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? "").toLowerCase();
    const value = rawHeaders[i + 1] ?? "";
    if (name === "authorization") pairs.push(["authorization", value]);
    if (USUAL_HEADERS.has(name)) pairs.push([`grpcgateway-${name}`, value]);
    else if (name.startsWith(METADATA_PREFIX)) pairs.push([name.slice(METADATA_PREFIX.length), value]);
  }
  pairs.push(["x-forwarded-host", request.headers.host ?? ""]);
  pairs.push(["x-forwarded-for", request.socket.remoteAddress ?? ""]);
  return pairs;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** The time limit of `Grpc-Timeout` in ms; undefined without one. @returns what is wrong with it */
export function timeoutOf(
  request: IncomingMessage,
): { readonly ms: number | undefined } | { readonly fault: string } {
  const text = request.headers["grpc-timeout"];
  if (typeof text !== "string" || text === "") return { ms: undefined };
  const [, count, unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  if (count === undefined || unitMs === undefined) return { fault: `invalid grpc-timeout: ${text}` };
  return { ms: Number(count) * unitMs };
}
