/**
 * A look at the files of TLS before anything is opened, so that what is wrong with one is told by its name and in Go's words, and not by
 * OpenSSL's, or by clients that are refused one by one.
 */
import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { ListenError } from "../listen-check.js";
import type { TlsSettings } from "./tls-settings.js";

type Files = Pick<TlsSettings, "certFile" | "keyFile" | "clientCertFile" | "clientKeyFile" | "trustedCaFile">;

/** @throws ListenError that names the file */
export async function checkTlsFiles(files: Files): Promise<void> {
  await checkPair(files.certFile, files.keyFile);
  await checkPair(files.clientCertFile, files.clientKeyFile);
  if (files.trustedCaFile !== "") await readCertificate(files.trustedCaFile);
}

async function checkPair(certFile: string, keyFile: string): Promise<void> {
  if (certFile === "" || keyFile === "") return;
  const certificate = await readCertificate(certFile);
  const key = await readKey(keyFile);
  if (!certificate.checkPrivateKey(key))
    throw new ListenError(`tls: private key does not match public key: ${keyFile}, ${certFile}`);
}

async function readCertificate(path: string): Promise<X509Certificate> {
  const content = await read(path);
  try {
    return new X509Certificate(content);
  } catch (cause) {
    const what = content.includes("-----BEGIN CERTIFICATE-----")
      ? "x509: malformed certificate"
      : "tls: failed to find any PEM data in certificate input";
    throw new ListenError(`${path}: ${what}`, { cause });
  }
}

async function readKey(path: string): Promise<KeyObject> {
  const content = await read(path);
  try {
    return createPrivateKey(content);
  } catch (cause) {
    const what = content.includes("PRIVATE KEY-----")
      ? "tls: failed to parse private key"
      : "tls: failed to find any PEM data in key input";
    throw new ListenError(`${path}: ${what}`, { cause });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  ENOTDIR: "not a directory",
};

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const { code = "", message } = cause as NodeJS.ErrnoException;
    const text =
      code === "EISDIR" ? `read ${path}: is a directory` : `open ${path}: ${REASONS[code] ?? message}`;
    throw new ListenError(text, { cause });
  }
}
