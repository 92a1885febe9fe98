/**
 * --auth-token: the kind of tokens and, for those that are signed, how. Anything that can't be stops the start: running with other
 * tokens than were asked for would be worse. Source: operations 4.7.
 */
import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseGoDurationMs } from "../node/config/go-values.js";

const INVALID_OPTIONS = "auth: invalid auth options";
const TTL_DEFAULT_MS = 5 * 60 * 1000;
const KNOWN_OPTIONS: ReadonlySet<string> = new Set(["sign-method", "pub-key", "priv-key", "ttl"]);

/** Which key a signature needs, by its name in the flag and in the token's header. */
const METHODS: Readonly<Record<string, "rsa" | "ec" | "ed25519" | "secret">> = {
  RS256: "rsa",
  RS384: "rsa",
  RS512: "rsa",
  PS256: "rsa",
  PS384: "rsa",
  PS512: "rsa",
  ES256: "ec",
  ES384: "ec",
  ES512: "ec",
  EdDSA: "ed25519",
  HS256: "secret",
  HS384: "secret",
  HS512: "secret",
};

export interface SignedTokenOptions {
  readonly kind: "jwt";
  readonly method: string;
  /** Undefined for a member that only verifies. */
  readonly signKey: KeyObject | undefined;
  readonly verifyKey: KeyObject;
  readonly ttlMs: number;
  /** Options that mean nothing. */
  readonly unknown: readonly string[];
}

export type TokenOptions = { readonly kind: "none" } | { readonly kind: "simple" } | SignedTokenOptions;

/** Options of tokens that can't be; the process exits with 1 and this text. */
export class TokenOptionsError extends Error {
  override readonly name = "TokenOptionsError";
}

/** @throws TokenOptionsError */
export function parseTokenOptions(text: string): TokenOptions {
  const [kind = "", ...pairs] = text.split(",");
  const options = new Map<string, string>();
  for (const pair of pairs) {
    const [name = "", value, ...rest] = pair.split("=");
    if (value === undefined || rest.length > 0 || options.has(name))
      throw new TokenOptionsError(INVALID_OPTIONS);
    options.set(name, value);
  }
  if (kind === "") return { kind: "none" };
  if (kind === "simple") return { kind: "simple" };
  if (kind !== "jwt") throw new TokenOptionsError(INVALID_OPTIONS);
  return parseSigned(options);
}

function parseSigned(options: ReadonlyMap<string, string>): SignedTokenOptions {
  const method = options.get("sign-method") ?? "";
  const keyKind = Object.hasOwn(METHODS, method) ? METHODS[method] : undefined;
  const ttlText = options.get("ttl") ?? "";
  const ttlMs = ttlText === "" ? TTL_DEFAULT_MS : parseGoDurationMs(ttlText);
  if (keyKind === undefined || ttlMs === undefined) throw new TokenOptionsError(INVALID_OPTIONS);
  const privatePem = readOption(options.get("priv-key"));
  const publicPem = readOption(options.get("pub-key"));
  const unknown = [...options.keys()].filter((name) => !KNOWN_OPTIONS.has(name)).sort();
  return { kind: "jwt", method, ...loadKeys(keyKind, privatePem, publicPem), ttlMs, unknown };
}

function readOption(file: string | undefined): Buffer | undefined {
  if (file === undefined || file === "") return undefined;
  try {
    return readFileSync(file);
  } catch (error) {
    throw new TokenOptionsError(INVALID_OPTIONS, { cause: error });
  }
}

function loadKeys(
  kind: string,
  privatePem: Buffer | undefined,
  publicPem: Buffer | undefined,
): Pick<SignedTokenOptions, "signKey" | "verifyKey"> {
  if (kind === "secret") {
    if (privatePem === undefined || privatePem.length === 0)
      throw new TokenOptionsError("auth: missing key data");
    const secret = createSecretKey(privatePem);
    return { signKey: secret, verifyKey: secret };
  }
  const signKey = parseKey(privatePem, createPrivateKey, kind);
  const given = parseKey(publicPem, createPublicKey, kind);
  if (signKey === undefined) {
    if (given === undefined) throw new TokenOptionsError("auth: missing key data");
    return { signKey, verifyKey: given };
  }
  const verifyKey = createPublicKey(signKey);
  if (given !== undefined && !given.equals(verifyKey)) {
    throw new TokenOptionsError("auth: public and private keys don't match");
  }
  return { signKey, verifyKey };
}

/** A PEM file: a key in any of its usual forms, or for the public one a certificate. */
function parseKey(
  pem: Buffer | undefined,
  parse: (pem: Buffer) => KeyObject,
  kind: string,
): KeyObject | undefined {
  if (pem === undefined || pem.length === 0) return undefined;
  let key: KeyObject;
  try {
    key = parse(pem);
  } catch (error) {
    throw new TokenOptionsError(`auth: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  const type = key.asymmetricKeyType ?? "";
  if (type !== kind && !(kind === "rsa" && type === "rsa-pss")) {
    throw new TokenOptionsError(`auth: key is not a valid ${kind.toUpperCase()} key`);
  }
  return key;
}
