/**
 * What the client port answers to HTTP/1: `/health` and `/version`, byte for byte as etcd does, since probes and scripts
 * compare bodies. Source: etcd `server/etcdserver/api/etcdhttp`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { MemberFailure, MemberPort } from "../api/member-port.js";

/** Alarm types by number, as the reasons name them. */
const ALARM_NAMES: Readonly<Record<number, string>> = { 1: "NOSPACE", 2: "CORRUPT" };
/** From the connection, or from the last answer on it, to the end of the next request's headers. */
const REQUEST_TIMEOUT_MS = 60_000;

export interface HttpEndpointsOptions {
  readonly member: Pick<MemberPort, "alarms" | "leaderId" | "awaitReadIndex" | "serverVersion">;
  /** Decided cluster version, or undefined before that. */
  readonly clusterVersion: () => string | undefined;
  readonly storageVersion: () => string | undefined;
  /** Takes a fault of ours that cost a client its answer. */
  readonly onError: (error: unknown) => void;
  /** Default 60 s; shorter in tests. */
  readonly requestTimeoutMs?: number;
  /** Text of a failure, as clients see it. */
  readonly failureText: (failure: MemberFailure) => string;
}

/** A server without a listening socket: connections are handed to it with `emit("connection", socket)`. */
export function createHttpEndpoints(options: HttpEndpointsOptions): Server {
  const server = createServer((request, response) => {
    handle(options, request, response).catch((error: unknown) => {
      response.destroy();
      options.onError(error);
    });
  });
  // Node looks after slow requests only on servers that listen, and this one is handed its connections.
  const timers = new WeakMap<Socket, NodeJS.Timeout>();
  const restart = (socket: Socket): void => {
    clearTimeout(timers.get(socket));
    timers.set(
      socket,
      setTimeout(() => socket.destroy(), options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS).unref(),
    );
  };
  server.on("connection", (socket: Socket) => {
    restart(socket);
    socket.on("close", () => clearTimeout(timers.get(socket)));
  });
  server.on("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
    clearTimeout(timers.get(socket));
    response.on("finish", () => restart(socket));
  });
  return server;
}

async function handle(
  options: HttpEndpointsOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Not parsed as a URL: what clients send here need not be one.
  const [path = "", query = ""] = (request.url ?? "").split("?", 2);
  switch (path) {
    case "/health":
      return handleHealth(options, { request, response, query: new URLSearchParams(query) });
    case "/version":
      if (!allowOnlyGet(request, response)) return;
      response.setHeader("Content-Type", "application/json");
      response.end(
        JSON.stringify({
          etcdserver: options.member.serverVersion,
          etcdcluster: options.clusterVersion() ?? "not_decided",
          storage: options.storageVersion() ?? "unknown",
        }),
      );
      return;
    default:
      return sendError(response, 404, "404 page not found");
  }
}

interface HealthCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
}

async function handleHealth(options: HttpEndpointsOptions, call: HealthCall): Promise<void> {
  if (!allowOnlyGet(call.request, call.response)) return;
  const serializable = call.query.get("serializable") === "true";
  const reason = await unhealthyReason(options, new Set(call.query.getAll("exclude")), serializable);
  if (reason !== undefined) return sendError(call.response, 503, JSON.stringify({ health: "false", reason }));
  call.response.setHeader("Content-Type", "text/plain; charset=utf-8");
  call.response.end(JSON.stringify({ health: "true", reason: "" }));
}

async function unhealthyReason(
  { member, failureText }: HttpEndpointsOptions,
  excluded: ReadonlySet<string>,
  serializable: boolean,
): Promise<string | undefined> {
  for (const alarm of member.alarms.list()) {
    const name = ALARM_NAMES[alarm.type] ?? "UNKNOWN";
    if (!excluded.has(name)) return `ALARM ${name}`;
  }
  if (serializable) return undefined;
  if (member.leaderId === 0n) return "RAFT NO LEADER";
  return new Promise((resolve) => {
    member.awaitReadIndex({
      onReady: () => resolve(undefined),
      onFailed: (failure) => resolve(`RANGE ERROR:${failureText(failure)}`),
    });
  });
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
