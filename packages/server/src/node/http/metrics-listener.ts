/** The listeners of `--listen-metrics-urls`: metrics and health for those who need no other access, most of all without a certificate. */
import { createServer, type Server } from "node:net";
import type { MemberUrl } from "../config/urls.js";
import { createHttpEndpoints, type HttpEndpointsOptions } from "../http-endpoints.js";
import { bindOptions, ListenError } from "../listen-check.js";

export interface MetricsListener {
  /** The bound ports, in the order of the URLs. */
  readonly ports: readonly number[];
  close(): void;
}

/** @throws ListenError; nothing listens then. */
export async function listenMetrics(
  urls: readonly MemberUrl[],
  options: Omit<HttpEndpointsOptions, "scope">,
): Promise<MetricsListener> {
  const http = createHttpEndpoints({ ...options, scope: "metrics" });
  const servers: Server[] = [];
  const close = (): void => {
    for (const server of servers) server.close();
    http.closeAllConnections();
    http.close();
  };
  try {
    for (const url of urls) {
      servers.push(await listen(url, (socket) => void http.emit("connection", socket)));
      options.report?.info("serving metrics", { address: `${url.scheme}://${url.host}:${url.port}` });
    }
  } catch (error) {
    close();
    throw error;
  }
  return { ports: servers.map(portOf), close };
}

function listen(url: MemberUrl, onSocket: Parameters<typeof createServer>[1]): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(onSocket);
    server.once("error", (cause) =>
      reject(new ListenError(`can't listen on ${url.text}: ${cause.message}`, { cause })),
    );
    server.listen(bindOptions(url), () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
