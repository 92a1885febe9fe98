/**
 * `--auto-tls`: a certificate of our own, in the folder and the form in which etcd keeps its own, so that either finds the other's.
 * Encrypts; proves nothing to anybody who does not know the file.
 */
import { generateKeyPair, randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createCertificate, type Name } from "./x509.js";

const DAY_MS = 24 * 3_600_000;
const SERIAL_BYTES = 16;
const NAME: Name = { kind: "organization", text: "etcd" };

export interface SelfSignedOptions {
  /** `<data-dir>/fixtures/client` or `.../peer`. */
  readonly directory: string;
  /** Hosts of the listen URLs. */
  readonly hosts: readonly string[];
  /** Of 365 days each; above 0. */
  readonly validityYears: number;
}

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** The files, made when they are not there. */
export async function ensureSelfSigned(options: SelfSignedOptions): Promise<CertificateFiles> {
  const { directory } = options;
  const files = { certFile: join(directory, "cert.pem"), keyFile: join(directory, "key.pem") };
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const existing = await Promise.allSettled([readFile(files.certFile), readFile(files.keyFile)]);
  if (existing.every(({ status }) => status === "fulfilled")) return files;
  const { certificate, key } = await createSelfSigned(options);
  await writeFile(files.keyFile, key, { mode: 0o600 });
  await writeFile(files.certFile, certificate, { mode: 0o600 });
  return files;
}

async function createSelfSigned({
  hosts,
  validityYears,
}: SelfSignedOptions): Promise<{ readonly certificate: string; readonly key: string }> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)("ec", { namedCurve: "P-521" });
  const notBefore = new Date();
  const facts = {
    // The first bit is 0 in a positive number, the second 1 so that all have the same length.
    serial: randomBytes(SERIAL_BYTES).fill(0x5a, 0, 1),
    subject: NAME,
    notBefore,
    notAfter: new Date(notBefore.getTime() + validityYears * 365 * DAY_MS),
    hosts: [...new Set(hosts)],
    isAuthority: true,
    isForServersOnly: true,
  };
  return {
    certificate: createCertificate(facts, publicKey, { name: NAME, privateKey }),
    key: privateKey.export({ type: "sec1", format: "pem" }).toString(),
  };
}
