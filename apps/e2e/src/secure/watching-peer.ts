/**
 * A member that is none: it stands in a cluster's list of members, takes their connections, remembers whose certificates they show,
 * and has nothing to say. So the dialling side of members is seen, which no client sees.
 */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import type { AuthorityFiles, CertificateFiles } from "../harness/certificate-files.js";

/** A request of a member on a connection of its own. */
export interface Visit {
  readonly kind: "stream" | "post" | "other";
  /** Of the certificate that was shown. */
  readonly commonName: string;
}

export class WatchingPeer {
  readonly #server: Server;
  #visits: Visit[] = [];

  private constructor({ ca }: AuthorityFiles, own: CertificateFiles) {
    const [trusted, cert, key] = [ca, own.cert, own.key].map((file) => readFileSync(file));
    const options = { requestCert: true, rejectUnauthorized: true };
    this.#server = createServer({ ...options, ca: trusted, cert, key }, (request, response) => {
      const path = request.url ?? "";
      const kind = path.startsWith("/raft/stream/") ? "stream" : path === "/raft" ? "post" : "other";
      const shown = (request.socket as TLSSocket).getPeerCertificate().subject;
      this.#visits.push({ kind, commonName: String(shown.CN) });
      request.resume();
      // Each request needs a connection, and each connection a handshake.
      response.writeHead(kind === "post" ? 204 : 503, { Connection: "close" }).end();
    });
    this.#server.on("tlsClientError", () => undefined);
  }

  static async listen(authority: AuthorityFiles, own: CertificateFiles): Promise<WatchingPeer> {
    const peer = new WatchingPeer(authority, own);
    await new Promise<void>((resolve) => peer.#server.listen(0, "127.0.0.1", resolve));
    return peer;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Since `forget`, in order. */
  get visits(): readonly Visit[] {
    return this.#visits;
  }

  forget(): void {
    this.#visits = [];
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
