/** The peer side of a member: the transport that carries raft's messages, and the HTTP server behind the peer URLs. */
import type { Socket } from "node:net";
import { checkDatabaseFile } from "@quorate/storage";
import type { PeerLocalPort } from "../peers/local-port.js";
import { PEER_HEADERS_TIMEOUT_MS } from "../peers/limits.js";
import { createPeerServer } from "../peers/server/peer-server.js";
import type { StreamHost } from "../peers/transport.js";
import type { MemberMeters } from "../metrics/member-meters.js";
import type { MemberUrl } from "./config/urls.js";
import { isSecure, listenAll, type Listeners } from "./http/listen.js";
import { ownConnections } from "./http/handed-connections.js";
import type { Logger } from "./log/logger.js";
import { TlsAcceptor } from "./tls/tls-acceptor.js";
import type { TlsSettings } from "./tls/tls-settings.js";

export interface PeerSideOptions {
  readonly urls: readonly MemberUrl[];
  /** For the https URLs among them. */
  readonly tls: TlsSettings;
  readonly host: StreamHost;
  readonly local: PeerLocalPort;
  readonly logger: Logger;
  readonly meters: MemberMeters;
  /** Where databases of a leader are put. */
  readonly snapshotDirectory: string;
}

export interface PeerSide {
  /** Ends all connections. */
  stop(): Promise<void>;
}

/** Listens on all peer URLs. @throws ListenError, or what is wrong with a certificate; nothing listens then. */
export async function startPeerSide(options: PeerSideOptions): Promise<PeerSide> {
  const { host, local, logger, urls, tls, meters, snapshotDirectory } = options;
  const server = createPeerServer({
    host,
    local,
    report: logger,
    snapshotDirectory,
    verifyDatabase: checkDatabaseFile,
    meters,
  });
  const http = server.createHttpServer();
  ownConnections(http, PEER_HEADERS_TIMEOUT_MS);
  const onPlain = (socket: Socket): void => void http.emit("connection", socket);
  // Those whose handshake is under way are not yet the HTTP server's.
  const handshakes = new Set<Socket>();
  let listeners: Listeners | undefined;
  const stop = async (): Promise<void> => {
    listeners?.close();
    for (const socket of handshakes) socket.destroy();
    await server.stop();
  };
  try {
    const acceptor = urls.some(isSecure)
      ? await TlsAcceptor.create({
          settings: tls,
          endpoint: "peer",
          checksAddress: !tls.skipClientSanVerification,
          chooseProtocol: (offered) => (offered.includes("http/1.1") ? "http/1.1" : undefined),
          onSecure: onPlain,
          onRejected: () => (meters.rejectedConnections.peer += 1),
          report: logger,
        })
      : undefined;
    const onTls = (socket: Socket): void => {
      handshakes.add(socket);
      socket.once("close", () => handshakes.delete(socket));
      acceptor?.accept(socket);
    };
    listeners = await listenAll(urls.map((url) => ({ url, takers: { onPlain, onTls } })));
    for (const url of urls)
      logger.info("serving peer traffic", { address: `${url.host}:${String(url.port)}` });
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}
