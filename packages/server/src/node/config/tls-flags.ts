/** The flags of TLS, for both sides. Texts of errors are etcd's: `client/pkg/transport`, `server/embed`. */
import { parseTlsVersion, translateCiphers, type TlsVersion } from "../tls/cipher-names.js";
import { hasCertificate, type TlsSettings } from "../tls/tls-settings.js";
import type { MemberUrl } from "./urls.js";

/** How flags are read; see config.ts. */
export interface TlsFlagValues {
  text(name: string): string;
  boolean(name: string): boolean;
  integer(name: string): number;
  list(name: string): readonly string[];
}

export interface TlsFlags {
  readonly clientTls: TlsSettings;
  readonly peerTls: TlsSettings;
  readonly selfSignedValidityYears: number;
}

/** @param fail throws with its text */
export function readTlsFlags(
  values: TlsFlagValues,
  fail: (text: string) => never,
  warnings: string[],
): TlsFlags {
  const shared = readShared(values, fail, warnings);
  const clientTls: TlsSettings = {
    ...shared,
    certFile: values.text("cert-file"),
    keyFile: values.text("key-file"),
    clientCertFile: values.text("client-cert-file"),
    clientKeyFile: values.text("client-key-file"),
    trustedCaFile: values.text("trusted-ca-file"),
    clientCertAuth: values.boolean("client-cert-auth"),
    crlFile: values.text("client-crl-file"),
    // Only the configuration file of etcd has names for clients.
    allowedCns: [],
    allowedHostnames: values.list("client-cert-allowed-hostname"),
    auto: values.boolean("auto-tls"),
    skipClientSanVerification: false,
  };
  const peerTls: TlsSettings = {
    ...shared,
    certFile: values.text("peer-cert-file"),
    keyFile: values.text("peer-key-file"),
    clientCertFile: values.text("peer-client-cert-file"),
    clientKeyFile: values.text("peer-client-key-file"),
    trustedCaFile: values.text("peer-trusted-ca-file"),
    clientCertAuth: values.boolean("peer-client-cert-auth"),
    crlFile: values.text("peer-crl-file"),
    allowedCns: values.list("peer-cert-allowed-cn"),
    allowedHostnames: values.list("peer-cert-allowed-hostname"),
    auto: values.boolean("peer-auto-tls"),
    skipClientSanVerification: values.boolean("peer-skip-client-san-verification"),
  };
  const selfSignedValidityYears = values.integer("self-signed-cert-validity");
  if ((clientTls.auto || peerTls.auto) && selfSignedValidityYears <= 0)
    fail("selfSignedCertValidity is invalid,it should be greater than 0");
  return {
    clientTls: finish(clientTls, "client", { fail, warnings }),
    peerTls: finish(peerTls, "peer", { fail, warnings }),
    selfSignedValidityYears,
  };
}

function readShared(
  values: TlsFlagValues,
  fail: (text: string) => never,
  warnings: string[],
): Pick<TlsSettings, "minVersion" | "maxVersion" | "ciphers"> {
  const version = (name: string): TlsVersion | undefined => {
    const parsed = parseTlsVersion(values.text(name));
    if (parsed === "unknown")
      return fail(`unexpected TLS version "${values.text(name)}" (must be one of: TLS1.2, TLS1.3)`);
    return parsed;
  };
  const minVersion = version("tls-min-version") ?? "TLSv1.2";
  const maxVersion = version("tls-max-version");
  const names = values.list("cipher-suites");
  const ciphers = translateCiphers(names);
  if (ciphers !== undefined && "unknown" in ciphers)
    return fail(`unexpected TLS cipher suite "${ciphers.unknown}"`);
  if (maxVersion !== undefined && minVersion > maxVersion) {
    const named = (each: TlsVersion): string => each.replace("v", "");
    return fail(`min version (${named(minVersion)}) is greater than max version (${named(maxVersion)})`);
  }
  if (names.length > 0 && minVersion === "TLSv1.3")
    return fail("cipher suites cannot be configured when only TLS1.3 is enabled");
  for (const name of ciphers?.dropped ?? [])
    warnings.push(`TLS cipher suite ${name} is not available here and is left out`);
  return { minVersion, maxVersion, ciphers: ciphers?.openssl };
}

/** Certificates that are given come before those that would be made. */
function finish(
  settings: TlsSettings,
  kind: "client" | "peer",
  { fail, warnings }: { readonly fail: (text: string) => never; readonly warnings: string[] },
): TlsSettings {
  const { certFile, keyFile, clientCertFile, clientKeyFile, allowedCns, allowedHostnames, auto } = settings;
  if ((certFile === "") !== (keyFile === ""))
    fail(`KeyFile and CertFile must both be present[key: ${keyFile}, cert: ${certFile}]`);
  if ((clientCertFile === "") !== (clientKeyFile === "")) {
    fail(
      `ClientKeyFile and ClientCertFile must both be present or both absent: key: ${clientKeyFile}, cert: ${clientCertFile}]`,
    );
  }
  if (allowedCns.length > 0 && allowedHostnames.length > 0) {
    const listed = (names: readonly string[]): string => `[${names.map((name) => `"${name}"`).join(" ")}]`;
    fail(
      `AllowedCNs and AllowedHostnames are mutually exclusive (cns=${listed(allowedCns)}, hostnames=${listed(allowedHostnames)})`,
    );
  }
  if (auto && certFile !== "") {
    warnings.push(`ignoring ${kind} auto TLS since certs given`);
    return { ...settings, auto: false };
  }
  return settings;
}

/** A URL that needs a certificate must have one; a certificate that no URL needs is ignored. */
export function checkScheme(
  url: MemberUrl,
  { settings, kind }: { readonly settings: TlsSettings; readonly kind: "client" | "peer" | "metrics" },
): { readonly error: string } | { readonly warning: string } | undefined {
  const isTls = url.scheme === "https" || url.scheme === "unixs";
  if (isTls && !hasCertificate(settings)) {
    if (kind === "metrics")
      return {
        error: "client TLS key/cert (--cert-file, --key-file) must be provided for metrics secure url",
      };
    const flags = kind === "client" ? "--cert-file, --key-file" : "--peer-cert-file, --peer-key-file";
    return {
      error: `TLS key/cert (${flags}) must be provided for ${kind} url ${url.text} with HTTPS scheme`,
    };
  }
  if (isTls || kind === "metrics") return undefined;
  if (settings.certFile !== "" && settings.keyFile !== "")
    return {
      warning: `${schemeText(kind)} while key and cert files are present; ignoring key and cert files: ${url.text}`,
    };
  return settings.clientCertAuth
    ? {
        warning: `${schemeText(kind)} while --${kind === "peer" ? "peer-" : ""}client-cert-auth is enabled; ignoring client cert auth for this URL: ${url.text}`,
      }
    : undefined;
}

function schemeText(kind: "client" | "peer" | "metrics"): string {
  return kind === "peer" ? "scheme is HTTP" : "scheme is http or unix";
}
