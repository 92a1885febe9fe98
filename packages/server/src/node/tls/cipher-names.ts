/** `--cipher-suites`, whose names are those of Go's constants, in the names of OpenSSL; and the versions of TLS. */

/** Of TLS 1.2 and older; those of 1.3 can't be chosen, as in Go. */
const OPENSSL_NAMES: ReadonlyMap<string, string> = new Map([
  ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"],
  ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"],
  ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"],
  ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"],
  ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"],
  ["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"],
  ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", "ECDHE-ECDSA-CHACHA20-POLY1305"],
  ["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"],
  ["TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"],
  ["TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "ECDHE-ECDSA-AES128-SHA256"],
  ["TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"],
  ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"],
  ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "ECDHE-RSA-AES128-SHA256"],
  ["TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"],
  ["TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"],
  ["TLS_RSA_WITH_AES_128_CBC_SHA256", "AES128-SHA256"],
  ["TLS_RSA_WITH_AES_256_CBC_SHA", "AES256-SHA"],
  ["TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256"],
  ["TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384"],
]);
/** Known to Go and built into no OpenSSL that Node comes with. */
const NOT_BUILT: ReadonlySet<string> = new Set([
  "TLS_RSA_WITH_RC4_128_SHA",
  "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
  "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
  "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
  "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
]);
const TLS13_NAMES: readonly string[] = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
];

export interface CipherList {
  /** As Node's option `ciphers` takes it. */
  readonly openssl: string;
  /** Suites that nobody can offer here any more. */
  readonly dropped: readonly string[];
}

/** @returns undefined for an empty list (the defaults), or the unknown name in an object. */
export function translateCiphers(
  names: readonly string[],
): CipherList | { readonly unknown: string } | undefined {
  if (names.length === 0) return undefined;
  const openssl: string[] = [...TLS13_NAMES];
  const dropped: string[] = [];
  for (const name of names) {
    const translated = OPENSSL_NAMES.get(name);
    if (translated !== undefined) openssl.push(translated);
    else if (NOT_BUILT.has(name)) dropped.push(name);
    else if (!TLS13_NAMES.includes(name)) return { unknown: name };
  }
  return { openssl: openssl.join(":"), dropped };
}

export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** @returns "unknown" for a text that names no version; undefined for an empty one. */
export function parseTlsVersion(text: string): TlsVersion | "unknown" | undefined {
  if (text === "") return undefined;
  if (text === "TLS1.2") return "TLSv1.2";
  return text === "TLS1.3" ? "TLSv1.3" : "unknown";
}
