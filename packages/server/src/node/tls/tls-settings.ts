/** What the flags say about TLS on one side, for clients or for peers. */
import type { TlsVersion } from "./cipher-names.js";

export interface TlsSettings {
  /** Shown to whoever connects, and to whom this member connects unless there is another for that. */
  readonly certFile: string;
  readonly keyFile: string;
  /** Shown to whom this member connects; empty for the pair above. */
  readonly clientCertFile: string;
  readonly clientKeyFile: string;
  /** Who is trusted; empty for the system's authorities. */
  readonly trustedCaFile: string;
  /** Ask for a certificate, and (clients) take the user from it. */
  readonly clientCertAuth: boolean;
  /** DER, read for each connection; empty for none. */
  readonly crlFile: string;
  /** Any of these; at most one of the two lists has names. */
  readonly allowedCns: readonly string[];
  readonly allowedHostnames: readonly string[];
  /** A certificate of our own making, whose peers trust everybody. */
  readonly auto: boolean;
  /** Peers only: a certificate that names addresses need not name the one that it comes from. */
  readonly skipClientSanVerification: boolean;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion | undefined;
  /** In OpenSSL's names; undefined for the defaults. */
  readonly ciphers: string | undefined;
}

/** True when there is a certificate, or one will be made. */
export function hasCertificate({ certFile, keyFile, auto }: TlsSettings): boolean {
  return auto || (certFile !== "" && keyFile !== "");
}

/** Who connects must show a certificate. An authority alone is enough, as with etcd. */
export function wantsClientCertificate({ trustedCaFile, clientCertAuth }: TlsSettings): boolean {
  return clientCertAuth || trustedCaFile !== "";
}
