/** A whole console: clusters, login, services and the port they are served on. */
import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import { createSecureServer } from "node:http2";
import type { AddressInfo, Server, Socket } from "node:net";
import { Clusters } from "./clusters/clusters.js";
import type { Connect } from "./clusters/clusters.js";
import type { ConsoleOptions } from "./config/console-options.js";
import { formatHost } from "./config/listen-address.js";
import { createRequestHandler } from "./http/handle-request.js";
import { StaticFiles } from "./http/static-files.js";
import { SessionCookie } from "./login/session-cookie.js";
import { Sessions } from "./login/sessions.js";
import type { Caller } from "./rpc/caller.js";
import { registerConsoleService } from "./rpc/console-service.js";
import { registerForwarding } from "./rpc/forward.js";
import { LoginService } from "./rpc/login-service.js";

/** Time that answers under way have when the console stops. */
const STOP_MS_MAX = 1000;
/** Browsers that are gone without a word are noticed after this time. */
const KEEP_ALIVE_MS = 30_000;
/** Connections beyond this are refused; a browser has six for each console that it shows. */
export const CONNECTIONS_MAX = 2000;

export interface RunningConsole {
  readonly url: string;
  /** Ends all streams and connections. */
  stop(): Promise<void>;
}

/** Rejects when it can not listen, or when the screens are not there. */
export async function startConsole(options: ConsoleOptions, connect: Connect): Promise<RunningConsole> {
  const files = StaticFiles.read(options.uiFolder);
  const isTls = options.tls !== undefined;
  const server = await listen(options);
  const { port } = server.address() as AddressInfo;
  const clusters = new Clusters(options.clusters, connect);
  const sessions = new Sessions();
  const cookie = new SessionCookie({ port, isSecure: isTls });
  const login = new LoginService({ options, clusters, sessions, cookie });
  const stopping = new AbortController();
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });

  const identify = (request: IncomingMessage): Caller => {
    const token = cookie.parse(request.headers.cookie);
    const session = options.login === undefined || token === undefined ? undefined : sessions.use(token);
    return {
      mustLogIn: options.login !== undefined && session === undefined,
      session,
      token,
      address: request.socket.remoteAddress ?? "",
    };
  };
  const handler = createRequestHandler({
    clusters,
    files,
    isTls,
    identify,
    isReadOnly: options.isReadOnly,
    hostRules: { listenHost: options.listen.host, allowedHosts: options.allowedHosts },
    registerServices: (router) => {
      registerConsoleService(router, { clusters, login, stopping: stopping.signal });
      registerForwarding(router, clusters);
    },
  });
  server.on("request", handler);
  clusters.start();

  return {
    url: `${isTls ? "https" : "http"}://${formatHost(options.listen.host)}:${port}/`,
    stop: async () => {
      stopping.abort();
      await close(server, sockets);
      await clusters.stop();
    },
  };
}

async function listen({ listen: { host, port }, fallsBackToFreePort, tls }: ConsoleOptions): Promise<Server> {
  const server: Server =
    tls === undefined
      ? createServer()
      : createSecureServer({ ...tls, allowHTTP1: true, minVersion: "TLSv1.2" });
  server.maxConnections = CONNECTIONS_MAX;
  server.on("connection", (socket: Socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS));
  const tryPort = (wanted: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(wanted, host, () => {
        server.off("error", reject);
        resolve();
      });
    });
  try {
    await tryPort(port);
  } catch (error) {
    const isTaken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
    if (!isTaken || !fallsBackToFreePort) throw error;
    await tryPort(0);
  }
  return server;
}

/** Nothing new is taken; what is under way has a moment to end. */
function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, STOP_MS_MAX);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    (server as Partial<{ closeIdleConnections(): void }>).closeIdleConnections?.();
  });
}
