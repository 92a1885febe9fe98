/** The peer side of a member: the transport that carries raft's messages, and the HTTP server behind the peer URLs. */
import type { Server } from "node:http";
import { checkDatabaseFile } from "@quorate/storage";
import type { PeerLocalPort } from "../peers/local-port.js";
import { createPeerServer } from "../peers/server/peer-server.js";
import type { StreamHost } from "../peers/transport.js";
import type { MemberUrl } from "./config/urls.js";
import { bindOptions, ListenError } from "./listen-check.js";
import type { Logger } from "./log/logger.js";

export interface PeerSideOptions {
  readonly urls: readonly MemberUrl[];
  readonly host: StreamHost;
  readonly local: PeerLocalPort;
  readonly logger: Logger;
  /** Where databases of a leader are put. */
  readonly snapshotDirectory: string;
}

export interface PeerSide {
  /** Ends all connections. */
  stop(): Promise<void>;
}

/** Listens on all peer URLs. @throws ListenError; nothing listens then. */
export async function startPeerSide(options: PeerSideOptions): Promise<PeerSide> {
  const { host, local, logger, urls, snapshotDirectory } = options;
  const server = createPeerServer({
    host,
    local,
    report: logger,
    snapshotDirectory,
    verifyDatabase: checkDatabaseFile,
  });
  try {
    for (const url of urls) {
      await listen(server.createHttpServer(), url);
      logger.info("serving peer traffic", { address: `${url.host}:${url.port}` });
    }
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { stop: () => server.stop() };
}

function listen(server: Server, url: MemberUrl): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new ListenError(`can't listen on ${url.text}: ${cause.message}`, { cause })),
    );
    server.listen(bindOptions(url), () => resolve());
  });
}
