/** An authority, and certificates of it, made for one test. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createCertificate, createRevocationList, type Issuer } from "../x509.js";

const HOUR_MS = 3_600_000;

export interface Identity {
  readonly cert: string;
  readonly key: string;
  /** In hexadecimal. */
  readonly serial: string;
}

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export class Authority {
  readonly cert: string;
  readonly #issuer: Issuer;
  #serial = 0x1000;

  constructor(name: string) {
    const { publicKey, privateKey } = createKeys();
    this.#issuer = { name: { kind: "commonName", text: name }, privateKey };
    const facts = { ...factsOf(name, [], HOUR_MS), isAuthority: true, serial: Buffer.of(1) };
    this.cert = createCertificate(facts, publicKey, this.#issuer);
  }

  /** @param hosts alternative names; none leaves them out @param validMs below 0 for one that has expired */
  issue(commonName: string, hosts: readonly string[], validMs = HOUR_MS): Identity {
    const { publicKey, privateKey } = createKeys();
    const serial = Buffer.alloc(2);
    serial.writeUInt16BE(++this.#serial);
    return {
      cert: createCertificate({ ...factsOf(commonName, hosts, validMs), serial }, publicKey, this.#issuer),
      key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      serial: serial.toString("hex"),
    };
  }

  /** DER, as the server wants it. */
  revoke(serials: readonly string[]): Buffer {
    const numbers = serials.map((serial) => Buffer.from(serial, "hex"));
    return createRevocationList(numbers, new Date(Date.now() + HOUR_MS), this.#issuer);
  }
}

function createKeys(): KeyPair {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function factsOf(
  commonName: string,
  hosts: readonly string[],
  validMs: number,
): Omit<Parameters<typeof createCertificate>[0], "serial"> {
  return {
    subject: { kind: "commonName", text: commonName },
    notBefore: new Date(Date.now() - HOUR_MS),
    notAfter: new Date(Date.now() + validMs),
    hosts,
    isAuthority: false,
    isForServersOnly: false,
  };
}

/** Writes a pair under `name` and returns the files. */
export async function writePair(
  directory: string,
  name: string,
  { cert, key }: Identity,
): Promise<{ readonly cert: string; readonly key: string }> {
  const paths = { cert: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) };
  await writeFile(paths.cert, cert);
  await writeFile(paths.key, key);
  return paths;
}
