/**
 * The dialling side of TLS between members. What is shown and trusted is read from disk anew when it has changed; the look at the disk goes
 * on beside the dial that asks for it, so the next dial, a tenth of a second later, is the first that uses a replaced certificate.
 */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { checkServerIdentity, createSecureContext, type SecureContext } from "node:tls";
import type { PeerTls } from "../../peers/http-request.js";
import { refuseName } from "./client-certificate.js";
import { versionOptions } from "./tls-acceptor.js";
import type { TlsSettings } from "./tls-settings.js";
import { WatchedFiles } from "./watched-file.js";

export interface PeerTlsSource {
  /** For the next connection. */
  readonly current: PeerTls;
}

/**
 * @param expectedName what certificates must name in place of the host that is dialled
 * @throws what reading the files throws, or OpenSSL about what is in them.
 */
export async function createPeerTls(
  settings: TlsSettings,
  onError: (error: unknown) => void,
  expectedName?: string,
): Promise<PeerTlsSource> {
  const { certFile, keyFile, clientCertFile, clientKeyFile, trustedCaFile, auto } = settings;
  const ca = trustedCaFile === "" ? undefined : await readFile(trustedCaFile);
  const pair = clientCertFile === "" ? [certFile, keyFile] : [clientCertFile, clientKeyFile];
  const contexts = new WatchedFiles<SecureContext>(
    pair.filter((path) => path !== ""),
    ([cert, key]) =>
      createSecureContext({
        ...(cert === undefined ? {} : { cert, key }),
        ...(ca === undefined ? {} : { ca }),
        ...versionOptions(settings),
      }),
  );
  const first = await contexts.load();
  return {
    get current(): PeerTls {
      contexts.load().catch(onError);
      return {
        secureContext: contexts.current ?? first,
        // Members that have made their certificates themselves know nobody who could vouch for one another.
        rejectUnauthorized: !auto,
        checkServerIdentity: (host, shown) => {
          const refusal = auto ? undefined : refuseName(new X509Certificate(shown.raw), settings);
          return (
            checkServerIdentity(expectedName ?? host, shown) ??
            (refusal === undefined ? undefined : new Error(refusal))
          );
        },
      };
    },
  };
}
