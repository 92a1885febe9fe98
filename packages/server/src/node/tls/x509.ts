/** Makes certificates and lists of revoked ones, and reads the latter. Source: RFC 5280; keys are those of elliptic curves. */
import { sign, type KeyObject } from "node:crypto";
import { isIP } from "node:net";
import {
  bits,
  context,
  integer,
  isInteger,
  isTime,
  objectId,
  octets,
  pem,
  readValues,
  sequence,
  SEQUENCE,
  set,
  time,
  TRUE,
  utf8,
} from "./der.js";

const OID = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  ecdsaWithSha512: "1.2.840.10045.4.3.4",
} as const;

/** Bits of the key usage extension, first bit highest: signatures, encipherment of keys, signing of certificates and lists. */
const USAGE_AUTHORITY = 0b1010_0110;
const USAGE_AUTHORITY_UNUSED_BITS = 1;

export interface Name {
  readonly kind: "commonName" | "organization";
  readonly text: string;
}

export interface CertificateFacts {
  /** Big-endian; unlike that of any other certificate of the issuer. */
  readonly serial: Uint8Array;
  readonly subject: Name;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Host names and addresses. */
  readonly hosts: readonly string[];
  readonly isAuthority: boolean;
  readonly isForServersOnly: boolean;
}

export interface Issuer {
  readonly name: Name;
  readonly privateKey: KeyObject;
}

/** PEM of a certificate for `publicKey`. */
export function createCertificate(facts: CertificateFacts, publicKey: KeyObject, issuer: Issuer): string {
  const toBeSigned = sequence(
    context(0, true, integer(Buffer.of(2))),
    integer(facts.serial),
    ALGORITHM,
    distinguishedName(issuer.name),
    sequence(time(facts.notBefore), time(facts.notAfter)),
    distinguishedName(facts.subject),
    publicKey.export({ type: "spki", format: "der" }),
    context(3, true, sequence(...extensionsOf(facts))),
  );
  return pem("CERTIFICATE", signed(toBeSigned, issuer));
}

/** DER of a list of revoked certificates. */
export function createRevocationList(serials: readonly Uint8Array[], until: Date, issuer: Issuer): Buffer {
  const now = new Date();
  const entries = serials.map((serial) => sequence(integer(serial), time(now)));
  const toBeSigned = sequence(
    integer(Buffer.of(1)),
    ALGORITHM,
    distinguishedName(issuer.name),
    time(now),
    time(until),
    ...(entries.length === 0 ? [] : [sequence(...entries)]),
  );
  return signed(toBeSigned, issuer);
}

/**
 * Serial numbers of a DER list of revoked certificates, in lower-case hexadecimal without leading zeros. The signature is not looked at:
 * like certificates, the file is the operator's.
 * @throws RangeError when it is no such list
 */
export function readRevokedSerials(der: Uint8Array): ReadonlySet<string> {
  const [list] = readValues(der);
  const [toBeSigned, algorithm, signature] = list?.tag === SEQUENCE ? readValues(list.content) : [];
  if (toBeSigned?.tag !== SEQUENCE || algorithm === undefined || signature === undefined)
    throw new RangeError("not a list of revoked certificates");
  const fields = readValues(toBeSigned.content);
  const lastTime = fields.findLastIndex(isTime);
  if (lastTime < 0) throw new RangeError("a list of revoked certificates without its time");
  const entries = fields[lastTime + 1];
  const revoked = new Set<string>();
  if (entries?.tag !== SEQUENCE) return revoked;
  for (const entry of readValues(entries.content)) {
    const serial = readValues(entry.content)[0];
    if (serial === undefined || !isInteger(serial))
      throw new RangeError("a revoked certificate without its number");
    revoked.add(formatSerial(Buffer.from(serial.content).toString("hex")));
  }
  return revoked;
}

/** @param hex in any case, with or without leading zeros */
export function formatSerial(hex: string): string {
  return hex.toLowerCase().replace(/^0+(?=.)/, "");
}

const ALGORITHM = sequence(objectId(OID.ecdsaWithSha512));

function signed(toBeSigned: Buffer, { privateKey }: Issuer): Buffer {
  return sequence(toBeSigned, ALGORITHM, bits(sign("sha512", toBeSigned, privateKey)));
}

function distinguishedName({ kind, text }: Name): Buffer {
  return sequence(set(sequence(objectId(OID[kind]), utf8(text))));
}

function extensionsOf({ hosts, isAuthority, isForServersOnly }: CertificateFacts): Buffer[] {
  const extensions: Buffer[] = [];
  if (isAuthority) {
    extensions.push(
      extension(OID.basicConstraints, sequence(TRUE), "critical"),
      extension(OID.keyUsage, bits(Buffer.of(USAGE_AUTHORITY), USAGE_AUTHORITY_UNUSED_BITS), "critical"),
    );
  }
  if (isForServersOnly) extensions.push(extension(OID.extendedKeyUsage, sequence(objectId(OID.serverAuth))));
  if (hosts.length > 0) extensions.push(extension(OID.subjectAltName, sequence(...hosts.map(hostName))));
  return extensions;
}

function extension(id: string, value: Buffer, weight?: "critical"): Buffer {
  return sequence(objectId(id), ...(weight === undefined ? [] : [TRUE]), octets(value));
}

function hostName(host: string): Buffer {
  return isIP(host) === 0
    ? context(2, false, Buffer.from(host, "latin1"))
    : context(7, false, addressBytes(host));
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = address.replace(/%.*$/, "").split("::");
  const groups = (text: string): string[] => (text === "" ? [] : text.split(":"));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  const all = [...before, ...zeros, ...after];
  return Buffer.concat(all.map((group) => Buffer.from(group.padStart(4, "0"), "hex")));
}
