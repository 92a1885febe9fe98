/** Who may call from a browser (`--cors`) and under which names (`--host-whitelist`). Source: etcd `server/embed/serve.go`; operations 7.5. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";

const METHODS = "POST, GET, OPTIONS, PUT, DELETE";
const HEADERS = "accept, content-type, authorization";

export interface OriginRules {
  /** Origins; `*`, or none at all, is everybody. */
  readonly cors: readonly string[];
  /** Host names; likewise. */
  readonly hostWhitelist: readonly string[];
  readonly onRejected: (host: string) => void;
}

/** @returns whether the request goes on; one that does not has been answered. */
export function passOriginRules(
  rules: OriginRules,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  if (!passHostRule(rules, request, response)) return false;
  const { origin } = request.headers;
  const { cors } = rules;
  if (allows(cors, "*")) allowOrigin(response, "*");
  else if (origin !== undefined && cors.includes(origin)) allowOrigin(response, origin);
  if (request.method !== "OPTIONS") return true;
  response.statusCode = 200;
  response.end();
  return false;
}

/** `--host-whitelist` alone. @returns whether the request goes on; one that does not has been answered. */
export function passHostRule(
  rules: OriginRules,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  if (!allowsHost(rules, request)) {
    const host = hostOf(request);
    rules.onRejected(host);
    response.statusCode = 421;
    response.setHeader("Content-Type", "text/plain; charset=utf-8");
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.end(refusal(host));
    return false;
  }
  return true;
}

/** Under TLS the certificate names the server, which no rebound name can bring along. */
export function allowsHost(rules: OriginRules, request: IncomingMessage): boolean {
  const isSecure = (request.socket as Partial<TLSSocket>).encrypted === true;
  return isSecure || allows(rules.hostWhitelist, hostOf(request));
}

/** `--cors` for WebSockets, which browsers let any page open: what a page is not to read it must not open either. */
export function allowsPage({ cors }: OriginRules, { headers: { origin } }: IncomingMessage): boolean {
  return origin === undefined || allows(cors, origin);
}

function allows(list: readonly string[], name: string): boolean {
  return list.length === 0 || list.includes("*") || list.includes(name);
}

function allowOrigin(response: ServerResponse, origin: string): void {
  response.setHeader("Access-Control-Allow-Methods", METHODS);
  response.setHeader("Access-Control-Allow-Origin", origin);
  response.setHeader("Access-Control-Allow-Headers", HEADERS);
}

/** Without its port. */
function hostOf({ headers: { host = "" } }: IncomingMessage): string {
  const [, bracketed] = /^\[([^\]]*)\]/.exec(host) ?? [];
  return bracketed ?? host.replace(/:\d*$/, "");
}

function refusal(host: string): string {
  return [
    `etcd received your request, but the Host header was unrecognized: ${JSON.stringify(host)}`,
    "",
    "To let requests in under this name, restart with --host-whitelist (or ETCD_HOST_WHITELIST) and the name in its list.",
    "This keeps pages of other sites from reaching a server on your machine (CVE-2018-5702).",
    "",
  ].join("\n");
}
