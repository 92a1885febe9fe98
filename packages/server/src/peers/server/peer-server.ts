/**
 * The HTTP server of the peer port. It knows paths and limits; what is behind a path has a file of its own.
 *
 * The owner listens: `server.listen(port, host)` for each URL's socket, or several servers of one `PeerServer`.
 */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer, type ServerOptions as TlsServerOptions } from "node:https";
import type { ReportPort } from "../../member/ports.js";
import { MemberMeters } from "../../metrics/member-meters.js";
import { errorText } from "../http-request.js";
import {
  PEER_CONNECTIONS_MAX,
  PEER_HEADER_BYTES_MAX,
  PEER_HEADERS_TIMEOUT_MS,
  PEER_KEEP_ALIVE_MS,
} from "../limits.js";
import type { PeerLocalPort } from "../local-port.js";
import type { VerifyDatabase } from "../snapshot-file.js";
import type { StreamHost } from "../transport.js";
import { sendBody, sendJsonError, sendNotFound } from "./answers.js";
import { handleLeaseLookup, handleLeaseRenewal } from "./lease-handlers.js";
import {
  handleDowngradeEnabled,
  handleHashKv,
  handleMembers,
  handlePromote,
  handleVersion,
  type Call,
} from "./member-handlers.js";
import { handleRaftPost, handleStream } from "./raft-handlers.js";
import { SnapshotHandler } from "./snapshot-handler.js";

export interface PeerServerOptions {
  readonly host: StreamHost;
  readonly local: PeerLocalPort;
  readonly report: ReportPort;
  /** Where incoming databases are put; must exist before the first one. */
  readonly snapshotDirectory: string;
  readonly verifyDatabase: VerifyDatabase;
  /** Counted into; nobody reads them by default. */
  readonly meters?: MemberMeters;
}

export interface PeerServer {
  /** Handles one request; for servers that the owner makes itself. Never rejects. */
  readonly handle: RequestListener;
  /** A new server that is not listening yet, with the limits of the peer port. */
  createHttpServer(tls?: TlsServerOptions): Server;
  /** Ends transfers of databases, and all connections of the servers made here. */
  stop(): Promise<void>;
}

export function createPeerServer(options: PeerServerOptions): PeerServer {
  const { report } = options;
  const snapshots = new SnapshotHandler({
    host: options.host,
    report,
    directory: options.snapshotDirectory,
    verify: options.verifyDatabase,
    meters: options.meters ?? new MemberMeters(),
  });
  const servers: Server[] = [];
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    // A connection that breaks while an answer is written is nobody's fault; its end is noticed elsewhere.
    response.on("error", () => undefined);
    route(options, snapshots, { request, response }).catch((error: unknown) => {
      report.warn("failed to answer a peer", { path: request.url ?? "", error: errorText(error) });
      if (response.headersSent) response.destroy();
      else sendJsonError(response, 500, "Internal Server Error");
    });
  };
  return {
    handle,
    createHttpServer: (tls) => {
      const server = createLimitedServer(handle, tls);
      servers.push(server);
      return server;
    },
    stop: async () => {
      const closed = servers.map(closeServer);
      await snapshots.stop();
      await Promise.all(closed);
    },
  };
}

function createLimitedServer(handle: RequestListener, tls: TlsServerOptions | undefined): Server {
  const limits = {
    maxHeaderSize: PEER_HEADER_BYTES_MAX,
    headersTimeout: PEER_HEADERS_TIMEOUT_MS,
    // Databases take as long as they take; bodies that bring nothing are ended by their readers.
    requestTimeout: 0,
    keepAliveTimeout: PEER_KEEP_ALIVE_MS,
    noDelay: true,
  };
  const server =
    tls === undefined
      ? createServer(limits, handle)
      : createTlsServer({ ALPNProtocols: ["http/1.1"], ...tls, ...limits }, handle);
  server.maxConnections = PEER_CONNECTIONS_MAX;
  return server;
}

/** Also resolves for one that never listened. */
function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  return closed;
}

async function route(options: PeerServerOptions, snapshots: SnapshotHandler, call: Call): Promise<void> {
  const { host, local } = options;
  const { request, response } = call;
  const path = (request.url ?? "").split("?", 1)[0] ?? "";
  switch (path) {
    case "/raft":
      return handleRaftPost(host, request, response);
    case "/raft/snapshot":
      return snapshots.handle(request, response);
    case "/raft/probing":
      return handleProbing(call);
    case "/members":
      return handleMembers(local, call);
    case "/members/hashkv":
      return handleHashKv(local, call);
    case "/leases":
      return handleLeaseRenewal(local, call);
    case "/leases/internal":
      return handleLeaseLookup(local, call);
    case "/version":
      return handleVersion(local, call);
    case "/downgrade/enabled":
      return handleDowngradeEnabled(local, call);
    default:
  }
  if (path.startsWith("/raft/stream/")) return handleStream(host, path, call);
  if (path.startsWith("/members/promote/")) return handlePromote(local, path, call);
  sendNotFound(response);
}

function handleProbing({ response }: Call): void {
  const body = { OK: true, Now: new Date().toISOString() };
  sendBody(response, "application/json", `${JSON.stringify(body)}\n`);
}
