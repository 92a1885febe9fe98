/** Requests to other members: the one place where http and https part, and where connecting has its time limit. */
import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type RequestOptions,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { CONNECT_TIMEOUT_MS, KEEP_ALIVE_IDLE_MS } from "./limits.js";
import type { OpenSockets } from "./sockets.js";

/** Client side of TLS between members: what is trusted, and the certificate shown. */
export type PeerTls = Pick<
  ConnectionOptions,
  | "ca"
  | "cert"
  | "key"
  | "crl"
  | "ciphers"
  | "minVersion"
  | "maxVersion"
  | "rejectUnauthorized"
  | "servername"
  | "secureContext"
  | "checkServerIdentity"
>;

export interface Connector {
  /** Looked at for each connection. */
  readonly tls?: PeerTls | undefined;
  /** Sockets are remembered here when it is given. */
  readonly sockets?: OpenSockets | undefined;
}

/** Kept connections of one peer's posts; of which scheme is decided by the URL. */
export interface KeptConnections {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/** Without TLS of their own: what an agent is given once wins over what a request brings, and certificates are replaced. */
export function keepConnections(connectionsMax: number): KeptConnections {
  // The time limit is for idle connections: the newest is used first, and the others end before a Go server ends them.
  const options = {
    keepAlive: true,
    maxSockets: connectionsMax,
    timeout: KEEP_ALIVE_IDLE_MS,
    scheduling: "lifo",
  } as const;
  // A session that is resumed would be that of the certificate it began with.
  return { http: new HttpAgent(options), https: new HttpsAgent({ ...options, maxCachedSessions: 0 }) };
}

/**
 * Opens a request; the caller writes its body and ends it. Without `kept` it gets a connection of its own that is closed after the answer.
 * A connection that takes too long fails the request with an error event, as all else does.
 */
export function openRequest(
  url: string,
  options: RequestOptions & { readonly kept?: KeptConnections },
  connector: Connector,
): ClientRequest {
  const { kept, ...rest } = options;
  const secure = url.startsWith("https:");
  const request = secure
    ? httpsRequest(url, { ...rest, ...tlsOptions(connector.tls), agent: kept?.https ?? false })
    : httpRequest(url, { ...rest, agent: kept?.http ?? false });
  request.once("socket", (socket: Socket) => {
    connector.sockets?.adopt(socket);
    if (!socket.connecting) return;
    const timer = setTimeout(() => request.destroy(new Error("dial: i/o timeout")), CONNECT_TIMEOUT_MS);
    socket.once("connect", () => clearTimeout(timer));
    socket.once("close", () => clearTimeout(timer));
  });
  return request;
}

/** Go's peer listener speaks HTTP/1.1 only, though it offers h2 to those who ask for it. */
function tlsOptions(tls: PeerTls | undefined): PeerTls & { readonly ALPNProtocols: string[] } {
  return { ...tls, ALPNProtocols: ["http/1.1"] };
}

/** A URL of a peer with a path behind it. */
export function joinUrl(base: string, path: string): string {
  return base.endsWith("/") ? base.slice(0, -1) + path : base + path;
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
