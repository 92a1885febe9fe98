import type { Server, Socket } from "node:net";
import type { TLSSocket, TlsOptions } from "node:tls";
import type { GrpcServer, Http1Listener } from "./server.js";

export interface ClientPortOptions {
  /** Host to bind; default all interfaces. Ignored when `path` is given. */
  readonly host?: string;
  /** TCP port; 0 lets the system choose. */
  readonly port?: number;
  /** Path of a unix socket, instead of host and port. */
  readonly path?: string;
  /** TLS settings (certificates, client authentication); plain TCP without. ALPN is set here. */
  readonly tls?: TlsOptions;
  /** Who gets the connections that do not speak HTTP/2; without, they are closed. */
  readonly onHttp1?: Http1Listener;
  /** A TLS handshake that failed, or a plain connection that broke before it said anything. */
  readonly onRejected?: (error: Error, socket: Socket | TLSSocket) => void;
}

export interface ClientPort {
  /** The bound port (0 for a unix socket). */
  readonly port: number;
  readonly server: Server;
  /** Stops accepting; open connections go on. Resolves once the listening socket is closed. */
  close(): Promise<void>;
}

export async function listenClientPort(_grpc: GrpcServer, _options: ClientPortOptions): Promise<ClientPort> {
  throw new Error("not bound");
}
