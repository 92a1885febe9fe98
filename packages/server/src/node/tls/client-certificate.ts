/**
 * Whether the certificate that somebody has shown is good enough: verified, not revoked, with one of the allowed names, and (peers)
 * coming from an address that it names. Source: etcd `client/pkg/transport`, listener.go and listener_tls.go.
 */
import type { X509Certificate } from "node:crypto";
import { Resolver } from "node:dns/promises";
import { isIP } from "node:net";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import { wantsClientCertificate, type TlsSettings } from "./tls-settings.js";
import { WatchedFiles } from "./watched-file.js";
import { formatSerial, readRevokedSerials } from "./x509.js";

/** Certificates of a chain that are looked at; a client may send any number. */
const CHAIN_LENGTH_MAX = 10;
const LOOKUP_TIMEOUT_MS = 2000;

export interface CertificateRules {
  readonly settings: TlsSettings;
  /** A certificate that names addresses must name that of the connection. */
  readonly checksAddress: boolean;
}

export class CertificateCheck {
  readonly #rules: CertificateRules;
  readonly #revoked: WatchedFiles<ReadonlySet<string>> | undefined;

  constructor(rules: CertificateRules) {
    this.#rules = rules;
    const { crlFile } = rules.settings;
    if (crlFile !== "")
      this.#revoked = new WatchedFiles([crlFile], ([der = Buffer.alloc(0)]) => readRevokedSerials(der));
  }

  /** True when a connection needs no look beyond whether OpenSSL has verified it: no promise, no file. */
  get isSimple(): boolean {
    const { settings, checksAddress } = this.#rules;
    const { allowedCns, allowedHostnames } = settings;
    return this.#revoked === undefined && allowedCns.length + allowedHostnames.length === 0 && !checksAddress;
  }

  /** @returns why a connection whose handshake has ended is refused, or undefined when it may go on. */
  refuseUnverified(socket: TLSSocket): string | undefined {
    if (!wantsClientCertificate(this.#rules.settings) || socket.authorized) return undefined;
    const shown = socket.getPeerX509Certificate();
    if (shown === undefined) return "tls: client didn't provide a certificate";
    return `tls: failed to verify certificate: x509: ${String(socket.authorizationError)}`;
  }

  /** As `refuseUnverified`, for all else. Never rejects: what can't be checked is refused. */
  async refuse(socket: TLSSocket): Promise<string | undefined> {
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return undefined;
    try {
      return (
        refuseName(certificate, this.#rules.settings) ??
        (await this.#refuseRevoked(socket)) ??
        (this.#rules.checksAddress ? await refuseAddress(certificate, socket.remoteAddress) : undefined)
      );
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async #refuseRevoked(socket: TLSSocket): Promise<string | undefined> {
    if (this.#revoked === undefined) return undefined;
    const revoked = await this.#revoked.load();
    for (const { serialNumber } of chainOf(socket)) {
      const serial = formatSerial(serialNumber);
      if (revoked.has(serial)) return `transport: certificate serial ${serial} revoked`;
    }
    return undefined;
  }
}

/** The lists of names hold for whoever connects and for whom this member connects to. */
export function refuseName(
  certificate: X509Certificate,
  { allowedCns, allowedHostnames }: Pick<TlsSettings, "allowedCns" | "allowedHostnames">,
): string | undefined {
  if (allowedCns.length === 0 && allowedHostnames.length === 0) return undefined;
  const commonName = /^CN=(.*)$/m.exec(certificate.subject)?.[1];
  if (commonName !== undefined && allowedCns.includes(commonName)) return undefined;
  if (allowedHostnames.some((name) => namesHost(certificate, name))) return undefined;
  return "client certificate authentication failed";
}

function chainOf(socket: TLSSocket): DetailedPeerCertificate[] {
  const chain: DetailedPeerCertificate[] = [];
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (next?.serialNumber !== undefined && chain.length < CHAIN_LENGTH_MAX && !chain.includes(next)) {
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}

/** By its alternative names alone, as Go does. */
function namesHost(certificate: X509Certificate, host: string): boolean {
  if (isIP(host) !== 0) return certificate.checkIP(host) !== undefined;
  return certificate.checkHost(host, { subject: "never" }) !== undefined;
}

async function refuseAddress(
  certificate: X509Certificate,
  remoteAddress: string | undefined,
): Promise<string | undefined> {
  const { dnsNames, ipCount } = alternativeNames(certificate);
  // A unix socket has no address, and a certificate without alternative names binds nobody.
  if (remoteAddress === undefined || dnsNames.length + ipCount === 0) return undefined;
  const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/, "");
  if (ipCount > 0 && certificate.checkIP(address) !== undefined) return undefined;
  if (dnsNames.length === 0) return `x509: certificate is valid for other addresses, not ${address}`;
  if (await isHostOf(address, dnsNames)) return undefined;
  return `tls: "${address}" does not match any of DNSNames ${JSON.stringify(dnsNames)}`;
}

export function alternativeNames({ subjectAltName = "" }: X509Certificate): {
  readonly dnsNames: readonly string[];
  readonly ipCount: number;
} {
  const parts = subjectAltName.split(", ");
  const dnsNames = parts.filter((part) => part.startsWith("DNS:")).map((part) => part.slice("DNS:".length));
  return { dnsNames, ipCount: parts.filter((part) => part.startsWith("IP Address:")).length };
}

/** A name resolves to the address, or the address's own name matches one with a wildcard. */
async function isHostOf(address: string, dnsNames: readonly string[]): Promise<boolean> {
  const wildcards = dnsNames.filter((name) => name.startsWith("*.")).map((name) => name.slice(1));
  const names = dnsNames.filter((name) => !name.startsWith("*."));
  const resolver = new Resolver({ timeout: LOOKUP_TIMEOUT_MS, tries: 1 });
  if (wildcards.length > 0) {
    const own = await resolver.reverse(address).catch((): string[] => []);
    if (own.some((name) => wildcards.some((end) => name.replace(/\.$/, "").endsWith(end)))) return true;
  }
  const found = await Promise.all(names.map((name) => addressesOf(name, resolver)));
  return found.flat().includes(address);
}

async function addressesOf(name: string, resolver: Resolver): Promise<string[]> {
  // The hosts file is part of what a Go server asks, too.
  if (name === "localhost") return ["127.0.0.1", "::1"];
  const [four, six] = await Promise.all([
    resolver.resolve4(name).catch((): string[] => []),
    resolver.resolve6(name).catch((): string[] => []),
  ]);
  return [...four, ...six];
}
