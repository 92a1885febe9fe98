/** Certificates and keys as users give them: read once, and refused with a word when they are of no use. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { TlsOptions } from "./transport-options.js";

/** PEM, as Node takes it. */
export interface TlsFiles {
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
}

const BEGIN = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/g;
const CERTIFICATE =
  /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----(?:(?!-----BEGIN )[\s\S])*?-----END \1-----/g;

/**
 * OpenSSL takes authorities that it can't read for none, so that nobody would be trusted and nothing say why: hence each is looked at.
 * @throws TypeError for what is no certificate or key, or one without the other; an error of the file system for a path.
 */
export function readTls(tls: TlsOptions = {}): TlsFiles {
  const files = { ca: readPem(tls.ca), cert: readPem(tls.cert), key: readPem(tls.key) };
  const { ca, cert, key } = files;
  if (cert !== undefined && key === undefined)
    throw new TypeError("tls.cert needs its key: there is no tls.key");
  if (key !== undefined && cert === undefined)
    throw new TypeError("tls.key needs its certificate: there is no tls.cert");
  if (ca !== undefined) checkCertificates("tls.ca", ca);
  if (cert !== undefined) checkCertificates("tls.cert", cert);
  if (key !== undefined) readable("tls.key", () => createPrivateKey(key));
  return files;
}

/** A text that is no PEM is a path. */
function readPem(source: string | Uint8Array | undefined): Buffer | undefined {
  if (source === undefined) return undefined;
  if (typeof source !== "string") return Buffer.from(source);
  return source.includes("-----BEGIN") ? Buffer.from(source) : readFileSync(source);
}

function checkCertificates(name: string, pem: Buffer): void {
  const text = pem.toString("latin1");
  const certificates = text.match(CERTIFICATE) ?? [];
  // One that is cut off has a beginning and no end.
  const begun = text.match(BEGIN)?.length ?? 0;
  if (begun === 0 || certificates.length !== begun)
    throw new TypeError(`${name} can't be read: it is no whole PEM of certificates`);
  for (const certificate of certificates) readable(name, () => new X509Certificate(certificate));
}

function readable(name: string, read: () => unknown): void {
  try {
    read();
  } catch (cause) {
    throw new TypeError(`${name} can't be read: ${(cause as Error).message}`, { cause });
  }
}
