/** The listeners of `--listen-metrics-urls`: metrics and health for those who need no other access, most of all without a certificate. */
import type { MemberConfig } from "../config/config.js";
import { createHttpEndpoints, type HttpEndpointsOptions } from "../http-endpoints.js";
import type { Logger } from "../log/logger.js";
import type { MemberMeters } from "../../metrics/member-meters.js";
import { TlsAcceptor } from "../tls/tls-acceptor.js";
import { isSecure, listenAll, type SocketTakers } from "./listen.js";

export interface MetricsListener {
  /** The bound ports, in the order of the URLs. */
  readonly ports: readonly number[];
  close(): void;
}

export interface MetricsListenerParts {
  readonly config: Pick<MemberConfig, "listenMetricsUrls" | "clientTls">;
  readonly endpoints: Omit<HttpEndpointsOptions, "scope">;
  readonly logger: Logger;
  readonly meters: MemberMeters;
}

/** @throws ListenError, or what is wrong with a certificate; nothing listens then. */
export async function listenMetrics(parts: MetricsListenerParts): Promise<MetricsListener> {
  const { config, endpoints, logger, meters } = parts;
  const { listenMetricsUrls: urls, clientTls } = config;
  const http = createHttpEndpoints({ ...endpoints, scope: "metrics" });
  const onPlain: SocketTakers["onPlain"] = (socket) => void http.emit("connection", socket);
  const acceptor = urls.some(isSecure)
    ? await TlsAcceptor.create({
        settings: clientTls,
        endpoint: "client",
        // As etcd's: a certificate that names addresses must come from one of them.
        checksAddress: !clientTls.skipClientSanVerification,
        chooseProtocol: (offered) => (offered.includes("http/1.1") ? "http/1.1" : undefined),
        onSecure: onPlain,
        onRejected: () => (meters.rejectedConnections.metrics += 1),
        report: logger,
      })
    : undefined;
  const onTls: SocketTakers["onTls"] = (socket) => acceptor?.accept(socket);
  const listeners = await listenAll(urls.map((url) => ({ url, takers: { onPlain, onTls } })));
  for (const { scheme, host, port } of urls)
    logger.info("serving metrics", { address: `${scheme}://${host}:${String(port)}` });
  return {
    ports: listeners.ports,
    close: () => {
      listeners.close();
      http.closeAllConnections();
      http.close();
    },
  };
}
