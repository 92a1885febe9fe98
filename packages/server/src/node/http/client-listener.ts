/**
 * The client side's listening sockets: gRPC and HTTP behind each client URL, or apart when there are URLs for HTTP alone. Under TLS the
 * protocol that the client asks for decides, in the clear its first bytes.
 */
import type { Server as HttpServer } from "node:http";
import type { GrpcServer } from "@quorate/rpc";
import type { MemberConfig } from "../config/config.js";
import type { Logger } from "../log/logger.js";
import type { MemberMeters } from "../../metrics/member-meters.js";
import { TlsAcceptor } from "../tls/tls-acceptor.js";
import { isSecure, listenAll, type Listeners, type ListenTarget, type SocketTakers } from "./listen.js";

export interface ClientListenerParts {
  readonly config: Pick<MemberConfig, "listenClientUrls" | "listenClientHttpUrls" | "clientTls">;
  readonly grpc: Pick<GrpcServer, "handleSocket">;
  readonly http: HttpServer;
  readonly logger: Logger;
  readonly meters: MemberMeters;
}

/** @throws ListenError, or what is wrong with a certificate; nothing listens then. */
export async function listenClients(parts: ClientListenerParts): Promise<Listeners> {
  const { config, logger } = parts;
  const { listenClientUrls, listenClientHttpUrls } = config;
  const traffic = listenClientHttpUrls.length === 0 ? "grpc+http" : "grpc";
  const forClients = await createTakers(parts, traffic);
  const forHttp = listenClientHttpUrls.length === 0 ? forClients : await createTakers(parts, "http");
  const targets: ListenTarget[] = [
    ...listenClientUrls.map((url) => ({ url, takers: forClients })),
    ...listenClientHttpUrls.map((url) => ({ url, takers: forHttp })),
  ];
  const listeners = await listenAll(targets);
  if (traffic === "grpc+http")
    logger.warn("Running http and grpc server on single port. This is not recommended for production.");
  for (const { url, takers } of targets) {
    const fields = {
      traffic: takers === forClients ? traffic : "http",
      address: url.port === 0 ? url.host : `${url.host}:${String(url.port)}`,
    };
    if (isSecure(url)) logger.info("serving client traffic securely", fields);
    else logger.info("serving client traffic insecurely; this is strongly discouraged!", fields);
  }
  return listeners;
}

type Traffic = "grpc+http" | "grpc" | "http";

async function createTakers(
  { config, grpc, http, logger, meters }: ClientListenerParts,
  traffic: Traffic,
): Promise<SocketTakers> {
  const takeHttp = (socket: Parameters<GrpcServer["handleSocket"]>[0]): void =>
    void http.emit("connection", socket);
  const take: SocketTakers["onPlain"] =
    traffic === "http"
      ? takeHttp
      : (socket) => grpc.handleSocket(socket, traffic === "grpc" ? undefined : takeHttp);
  const urls = traffic === "http" ? config.listenClientHttpUrls : config.listenClientUrls;
  if (!urls.some(isSecure)) return { onPlain: take, onTls: (socket) => void socket.destroy() };
  const acceptor = await TlsAcceptor.create({
    settings: config.clientTls,
    endpoint: "client",
    chooseProtocol: CHOOSE_PROTOCOL[traffic],
    onSecure: take,
    onRejected: () => (meters.rejectedConnections.client += 1),
    report: logger,
  });
  return { onPlain: take, onTls: (socket) => acceptor.accept(socket) };
}

/**
 * gRPC clients offer h2 alone; who offers http/1.1, too (a browser, curl), wants the HTTP handler, which speaks nothing newer.
 */
const CHOOSE_PROTOCOL: Readonly<Record<Traffic, (offered: readonly string[]) => string | undefined>> = {
  "grpc+http": (offered) => oneOf(offered, "http/1.1") ?? oneOf(offered, "h2"),
  grpc: (offered) => oneOf(offered, "h2"),
  http: (offered) => oneOf(offered, "http/1.1"),
};

function oneOf(offered: readonly string[], wanted: string): string | undefined {
  return offered.includes(wanted) ? wanted : undefined;
}
