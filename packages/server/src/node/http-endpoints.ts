/**
 * What the client port and the metrics ports answer to HTTP/1: `/health`, `/livez`, `/readyz`, `/version` and `/metrics`, byte for byte as
 * etcd does, since probes and scripts compare bodies. Source: etcd `server/etcdserver/api/etcdhttp`; operations 7.2, 7.3.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import {
  checksOf,
  runChecks,
  unhealthyReason,
  type HealthSource,
  type ProbeName,
} from "../api/health-checks.js";
import type { MemberPort } from "../api/member-port.js";
import type { ReportPort } from "../member/ports.js";
import type { MemberMeters } from "../metrics/member-meters.js";
import { ownConnections } from "./http/handed-connections.js";
import type { DebugEndpoints } from "./http/debug/debug-endpoints.js";
import type { Gateway } from "./http/gateway/gateway.js";
import type { GrpcWeb } from "./http/grpc-web/grpc-web.js";
import {
  allowsHost,
  allowsPage,
  passHostRule,
  passOriginRules,
  type OriginRules,
} from "./http/origin-rules.js";
import { takeUpgrades } from "./http/websocket/upgrades.js";
import type { MetricsEndpoint } from "./metrics/metrics-endpoint.js";

const GATEWAY_PREFIX = "/v3/";
/** What clients of etcd 3.3 still say. */
const OLD_GATEWAY_PREFIX = /^\/v3beta\//;
/** From the connection, or from the last answer on it, to the end of the next request's headers. */
const REQUEST_TIMEOUT_MS = 60_000;

export interface HttpEndpointsOptions {
  readonly member: HealthSource & Pick<MemberPort, "serverVersion">;
  /** Decided cluster version, or undefined before that. */
  readonly clusterVersion: () => string | undefined;
  readonly storageVersion: () => string | undefined;
  /** Takes a fault of ours that cost a client its answer. */
  readonly onError: (error: unknown) => void;
  /** Default 60 s; shorter in tests. */
  readonly requestTimeoutMs?: number;
  /** Takes the reasons of failed checks. */
  readonly report?: ReportPort;
  /** Counts the results of checks. */
  readonly meters?: MemberMeters;
  /** Behind `/metrics`, which is not there without. */
  readonly metrics?: MetricsEndpoint;
  /** Behind `/v3/`, which is not there without. */
  readonly gateway?: Gateway;
  /** Behind `/debug/`, which is not there without. */
  readonly debug?: DebugEndpoints;
  /** Behind the paths of methods, which are not there without. */
  readonly grpcWeb?: GrpcWeb;
  /** Who may call; without, everybody. Not asked on a metrics port. */
  readonly origins?: OriginRules;
  /** Refuses calls of the gateway; a text is the reason. */
  readonly refuseGateway?: (request: IncomingMessage) => string | undefined;
  /** What is served: a metrics port has no `/version`. Default: what belongs on the client port. */
  readonly scope?: "client" | "metrics";
}

/** A server without a listening socket: connections are handed to it with `emit("connection", socket)`. */
export function createHttpEndpoints(options: HttpEndpointsOptions): Server {
  const requestTimeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  // Node's own would end connections after five seconds: before the next probe or scrape comes.
  const server = createServer({ keepAliveTimeout: requestTimeoutMs }, (request, response) => {
    handle(options, request, response).catch((error: unknown) => {
      response.destroy();
      options.onError(error);
    });
  });
  ownConnections(server, requestTimeoutMs);
  serveWebSockets(server, options);
  return server;
}

/** The paths of the gateway, under the rules of requests to it. */
function serveWebSockets(server: Server, options: HttpEndpointsOptions): void {
  const { gateway, origins, refuseGateway } = options;
  takeUpgrades(server, (request, socket, head) => {
    const path = (request.url ?? "").split("?", 1)[0]?.replace(OLD_GATEWAY_PREFIX, GATEWAY_PREFIX) ?? "";
    if (gateway === undefined || options.scope === "metrics" || !path.startsWith(GATEWAY_PREFIX))
      return false;
    // Who may not is told so in HTTP's words.
    if (refuseGateway?.(request) !== undefined) return false;
    if (origins !== undefined && !(allowsHost(origins, request) && allowsPage(origins, request)))
      return false;
    gateway.takeSocket(request, socket, head);
    return true;
  });
  server.on("close", () => gateway?.close());
}

async function handle(
  options: HttpEndpointsOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Not parsed as a URL: what clients send here need not be one. With the host before it, as to a proxy, it is taken too (RFC 9112 3.2.2).
  const target = (request.url ?? "").replace(/^https?:\/\/[^/?]*/i, "");
  const [asked = "", query = ""] = target.split("?", 2);
  const path = asked.replace(OLD_GATEWAY_PREFIX, GATEWAY_PREFIX);
  if (options.scope !== "metrics") {
    const refusal = path.startsWith(GATEWAY_PREFIX) ? options.refuseGateway?.(request) : undefined;
    if (refusal !== undefined) return sendError(response, 400, refusal);
    if (options.grpcWeb?.concerns(path) === true) {
      if (options.origins !== undefined && !passHostRule(options.origins, request, response)) return;
      if (options.grpcWeb.take(request, response)) return;
    }
    if (options.origins !== undefined && !passOriginRules(options.origins, request, response)) return;
    if (options.gateway !== undefined && path.startsWith(GATEWAY_PREFIX))
      return options.gateway.handle(request, response, path.slice(GATEWAY_PREFIX.length));
    if (options.debug?.handle(request, response, path) === true) return;
  }
  const call = { request, response, query: new URLSearchParams(query) };
  if (path === "/health") return handleHealth(options, call);
  if (path === "/metrics" && options.metrics !== undefined) return options.metrics.handle(request, response);
  if (path === "/version" && options.scope !== "metrics") return handleVersion(options, call);
  const [, probe, subPath = ""] = /^\/(livez|readyz)(?:\/([a-z_]+))?$/.exec(path) ?? [];
  if (probe === "livez" || probe === "readyz") return handleProbe(options, call, { probe, subPath });
  sendError(response, 404, "404 page not found");
}

interface HealthCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
}

function handleVersion(options: HttpEndpointsOptions, { request, response }: HealthCall): void {
  if (!allowOnlyGet(request, response)) return;
  response.setHeader("Content-Type", "application/json");
  response.end(
    JSON.stringify({
      etcdserver: options.member.serverVersion,
      etcdcluster: options.clusterVersion() ?? "not_decided",
      storage: options.storageVersion() ?? "unknown",
    }),
  );
}

async function handleHealth(
  { member, meters, report }: HttpEndpointsOptions,
  call: HealthCall,
): Promise<void> {
  if (!allowOnlyGet(call.request, call.response)) return;
  const isSerializable = call.query.get("serializable") === "true";
  const excludedAlarms = new Set(call.query.getAll("exclude"));
  const reason = await unhealthyReason(member, { excludedAlarms, isSerializable });
  if (meters !== undefined) {
    if (reason === undefined) meters.healthSuccess += 1;
    else meters.healthFailures += 1;
  }
  if (reason !== undefined) {
    const output = JSON.stringify({ health: "false", reason });
    report?.warn("/health error", { output, "status-code": 503 });
    return sendError(call.response, 503, output);
  }
  call.response.setHeader("Content-Type", "text/plain; charset=utf-8");
  call.response.end(JSON.stringify({ health: "true", reason: "" }));
}

interface Probe {
  readonly probe: ProbeName;
  /** Name of the only check that is asked for; empty for all. */
  readonly subPath: string;
}

async function handleProbe(
  { member, meters, report }: HttpEndpointsOptions,
  { request, response, query }: HealthCall,
  { probe, subPath }: Probe,
): Promise<void> {
  const checks = checksOf(probe, subPath);
  if (checks === undefined) return sendError(response, 404, "404 page not found");
  if (!allowOnlyGet(request, response)) return;
  // Names that nobody knows are no reason to fail: other versions may have them.
  const excluded = new Set(subPath === "" ? query.getAll("exclude") : []);
  const { isOk, details, results } = await runChecks(
    member,
    checks.filter((name) => !excluded.has(name)),
  );
  for (const { name, isOk: isWell } of results) meters?.healthChecked(probe, name, isWell);
  if (!isOk) {
    report?.warn("Health check error", { path: `/${probe}`, reason: details, "status-code": 503 });
    return sendError(response, 503, details);
  }
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.end(`${query.has("verbose") ? details : ""}ok\n`);
}

function allowOnlyGet(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.method === "GET") return true;
  response.setHeader("Allow", "GET");
  sendError(response, 405, "Method Not Allowed");
  return false;
}

/** The shape of Go's http.Error: text, one newline, no sniffing. */
function sendError(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.end(`${text}\n`);
}
