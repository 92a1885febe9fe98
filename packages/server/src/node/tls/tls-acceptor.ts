/**
 * The server side of TLS over connections that somebody else accepts. For each connection the certificate is the one that lies on disk
 * then; handshakes go on beside one another, each with a time limit, and who fails is told of in the log and costs nobody else anything.
 */
import { constants } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { createServer, type Server, type TLSSocket, type TlsOptions } from "node:tls";
import type { ReportPort } from "../../member/ports.js";
import { CertificateCheck } from "./client-certificate.js";
import { wantsClientCertificate, type TlsSettings } from "./tls-settings.js";
import { WatchedFiles } from "./watched-file.js";

/** Source: etcd's limit since 3.7.1. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

export interface TlsAcceptorOptions {
  readonly settings: TlsSettings;
  /** `client` or `peer`, for the log. */
  readonly endpoint: "client" | "peer";
  /** A certificate that names addresses must name that of the connection. Default: it need not. */
  readonly checksAddress?: boolean;
  /** Chooses among the protocols that the other side offers; undefined to refuse all. Default: none is agreed on. */
  readonly chooseProtocol?: (offered: readonly string[]) => string | undefined;
  readonly onSecure: (socket: TLSSocket) => void;
  /** A handshake has failed, or the certificate was not good enough. */
  readonly onRejected?: () => void;
  readonly report: ReportPort & { debug?(message: string, fields?: Readonly<Record<string, unknown>>): void };
  /** Default `HANDSHAKE_TIMEOUT_MS`; shorter in tests. */
  readonly handshakeTimeoutMs?: number;
}

export class TlsAcceptor {
  readonly #options: TlsAcceptorOptions;
  readonly #check: CertificateCheck;
  readonly #pair: WatchedFiles<TlsOptions>;
  readonly #server: Server;
  #loaded: TlsOptions | undefined;

  private constructor(options: TlsAcceptorOptions, authorities: Buffer | undefined) {
    this.#options = options;
    const { settings, checksAddress = false, chooseProtocol } = options;
    this.#check = new CertificateCheck({ settings, checksAddress });
    this.#pair = new WatchedFiles([settings.certFile, settings.keyFile], ([cert, key]) => ({
      cert,
      key,
      ...(authorities === undefined ? {} : { ca: authorities }),
      ...versionOptions(settings),
      // What was checked once is checked again for each connection, and a resumed one shows no certificate.
      secureOptions: constants.SSL_OP_NO_TICKET,
    }));
    this.#server = createServer(
      {
        handshakeTimeout: options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS,
        allowHalfOpen: true,
        requestCert: wantsClientCertificate(settings),
        // Who is refused is refused by us, with a line in the log.
        rejectUnauthorized: false,
        ...(chooseProtocol === undefined
          ? {}
          : { ALPNCallback: ({ protocols }) => chooseProtocol(protocols) }),
      },
      (socket) => this.#onSecure(socket),
    );
    this.#server.on("tlsClientError", (error, socket) => this.#reject(socket, describeTlsError(error)));
  }

  /** @throws what reading the files throws, or OpenSSL about what is in them. */
  static async create(options: TlsAcceptorOptions): Promise<TlsAcceptor> {
    const { trustedCaFile } = options.settings;
    const acceptor = new TlsAcceptor(
      options,
      trustedCaFile === "" ? undefined : await readFile(trustedCaFile),
    );
    await acceptor.#refresh();
    return acceptor;
  }

  /** Begins the handshake on a socket nothing was read from, or whose bytes were put back. */
  accept(socket: Socket): void {
    socket.on("error", () => undefined);
    this.#refresh().then(
      () => {
        if (!socket.destroyed) this.#server.emit("connection", socket);
      },
      (error: unknown) => {
        const { report, endpoint } = this.#options;
        report.warn("failed to load the certificate of the server", { endpoint, error });
        socket.destroy();
      },
    );
  }

  async #refresh(): Promise<void> {
    const pair = await this.#pair.load();
    if (pair === this.#loaded) return;
    this.#server.setSecureContext(pair);
    this.#loaded = pair;
  }

  #onSecure(socket: TLSSocket): void {
    const refusal = this.#check.refuseUnverified(socket);
    if (refusal !== undefined) {
      this.#reject(socket, refusal);
      return;
    }
    if (this.#check.isSimple) {
      this.#options.onSecure(socket);
      return;
    }
    socket.on("error", () => undefined);
    void this.#check.refuse(socket).then((reason) => {
      if (reason !== undefined) this.#reject(socket, reason);
      else if (!socket.destroyed) this.#options.onSecure(socket);
    });
  }

  #reject(socket: TLSSocket, reason: string): void {
    const { report, endpoint, onRejected } = this.#options;
    onRejected?.();
    const shown = socket.getPeerX509Certificate();
    const fields = {
      "remote-addr": remoteOf(socket),
      "server-name": serverNameOf(socket),
      ...(shown === undefined
        ? {}
        : { subject: shown.subject, "subject-alt-name": shown.subjectAltName ?? "" }),
      error: reason,
    };
    // Who only looks whether somebody is there is no news.
    if (reason === "EOF") report.debug?.(`rejected connection on ${endpoint} endpoint`, fields);
    else report.warn(`rejected connection on ${endpoint} endpoint`, fields);
    socket.destroy();
  }
}

export function versionOptions({
  minVersion,
  maxVersion,
  ciphers,
}: TlsSettings): Pick<TlsOptions, "minVersion" | "maxVersion" | "ciphers"> {
  return {
    minVersion,
    ...(maxVersion === undefined ? {} : { maxVersion }),
    ...(ciphers === undefined ? {} : { ciphers }),
  };
}

/** In Go's words where scripts look for them. */
function describeTlsError(error: Error & { readonly code?: string }): string {
  switch (error.code) {
    case "ERR_SSL_HTTP_REQUEST":
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_HTTPS_PROXY_REQUEST":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
      return "tls: first record does not look like a TLS handshake";
    case "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE":
    case "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA":
    case "ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN":
      return "remote error: tls: bad certificate";
    case "ERR_SSL_UNSUPPORTED_PROTOCOL":
      return "tls: client offered only unsupported versions";
    case "ERR_SSL_NO_SHARED_CIPHER":
      return "tls: no cipher suite supported by both client and server";
    case "ERR_TLS_HANDSHAKE_TIMEOUT":
      return "tls: handshake timeout";
    case "ECONNRESET":
      return "EOF";
    default:
      return error.message;
  }
}

function remoteOf({ remoteAddress, remotePort }: TLSSocket): string {
  return remoteAddress === undefined ? "" : `${remoteAddress}:${String(remotePort)}`;
}

function serverNameOf(socket: TLSSocket): string {
  const name: unknown = (socket as { readonly servername?: unknown }).servername;
  return typeof name === "string" ? name : "";
}
