/**
 * The listening socket in front of a server: plain TCP, TLS or a unix socket, for HTTP/2 and HTTP/1 on one port.
 */
import { createServer as createTcpServer } from "node:net";
import type { Server, Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { TLSSocket, TlsOptions } from "node:tls";
import type { GrpcServer, Http1Listener } from "./server.js";

export interface ClientPortOptions {
  /** Host to bind; default all interfaces. Ignored when `path` is given. */
  readonly host?: string;
  /** TCP port; 0 (the default) lets the system choose. */
  readonly port?: number;
  /** Path of a unix socket, instead of host and port. */
  readonly path?: string;
  /** TLS settings (certificates, client authentication); plain TCP without. ALPN is set here. */
  readonly tls?: TlsOptions;
  /** Who gets the connections that do not speak HTTP/2; without, they are closed. */
  readonly onHttp1?: Http1Listener;
  /** A TLS handshake has failed; the socket is closed already. */
  readonly onRejected?: (error: Error, socket: TLSSocket) => void;
}

export interface ClientPort {
  /** The bound TCP port; 0 for a unix socket. */
  readonly port: number;
  readonly server: Server;
  /** Stops accepting; open connections go on. Resolves when the port is free. */
  close(): Promise<void>;
}

/** Time for a TLS handshake, in ms. */
const handshakeTimeoutMs = 10_000;

/**
 * Listens and hands every connection to `grpc`. Rejects when the address cannot be bound.
 *
 * Under TLS a client that offers both h2 and http/1.1 gets http/1.1: gRPC clients offer h2 alone, and who offers both
 * (a browser, curl) wants the HTTP handler, which speaks HTTP/1.
 */
export async function listenClientPort(grpc: GrpcServer, options: ClientPortOptions): Promise<ClientPort> {
  const onSocket = (socket: Socket | TLSSocket): void => {
    grpc.handleSocket(socket, options.onHttp1);
  };
  const server = options.tls === undefined ? createTcpServer({ allowHalfOpen: true }, onSocket) : listenTls();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    const onListening = (): void => {
      server.off("error", reject);
      resolve();
    };
    if (options.path !== undefined) server.listen(options.path, onListening);
    else server.listen({ port: options.port ?? 0, host: options.host }, onListening);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    server,
    close: async () => {
      await new Promise<void>((resolve) => {
        // Resolving when the last connection ends would wait for watchers; the port itself is free at once.
        server.close();
        resolve();
      });
    },
  };

  function listenTls(): Server {
    const tlsServer = createTlsServer(
      {
        handshakeTimeout: handshakeTimeoutMs,
        ...options.tls,
        allowHalfOpen: true,
        ALPNCallback: chooseProtocol,
      },
      onSocket,
    );
    tlsServer.on("tlsClientError", (error, socket) => {
      options.onRejected?.(error, socket);
    });
    return tlsServer;
  }
}

function chooseProtocol({ protocols }: { readonly protocols: readonly string[] }): string | undefined {
  if (protocols.includes("http/1.1")) return "http/1.1";
  return protocols.includes("h2") ? "h2" : undefined;
}
