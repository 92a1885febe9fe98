/** The login's password as it is kept: a salted scrypt hash that can be written down as one line of text. */
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** 16 MiB and some 50 ms a try. */
const COST = { N: 16_384, r: 8, p: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** What a hash from a file may ask for. */
const COST_MAX = { N: 2 ** 20, r: 32, p: 16 };
const PASSWORD_CHARS_MAX = 1024;

export interface PasswordHash {
  readonly cost: { readonly N: number; readonly r: number; readonly p: number };
  readonly salt: Buffer;
  readonly hash: Buffer;
}

export async function createPasswordHash(password: string): Promise<PasswordHash> {
  const salt = randomBytes(SALT_BYTES);
  return { cost: COST, salt, hash: await derive(password, salt, { ...COST, length: HASH_BYTES }) };
}

/** Takes as long for a wrong password as for the right one. */
export async function verifyPassword(password: string, { cost, salt, hash }: PasswordHash): Promise<boolean> {
  if (password.length > PASSWORD_CHARS_MAX) return false;
  return timingSafeEqual(await derive(password, salt, { ...cost, length: hash.length }), hash);
}

/** `scrypt$N$r$p$salt$hash`, the last two in base64. */
export function formatPasswordHash({ cost, salt, hash }: PasswordHash): string {
  return ["scrypt", cost.N, cost.r, cost.p, salt.toString("base64"), hash.toString("base64")].join("$");
}

/** Undefined for a text that is no hash, such as a password. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const match = /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([A-Za-z0-9+/=]{8,})\$([A-Za-z0-9+/=]{40,})$/.exec(
    text,
  );
  if (match === null) return undefined;
  const [N = 0, r = 0, p = 0] = match.slice(1, 4).map(Number);
  const isPower = N > 1 && (N & (N - 1)) === 0;
  if (!isPower || N > COST_MAX.N || r < 1 || r > COST_MAX.r || p < 1 || p > COST_MAX.p) return undefined;
  const [salt = "", hash = ""] = match.slice(4);
  return { cost: { N, r, p }, salt: Buffer.from(salt, "base64"), hash: Buffer.from(hash, "base64") };
}

function derive(
  password: string,
  salt: Buffer,
  { length, ...cost }: PasswordHash["cost"] & { length: number },
): Promise<Buffer> {
  // Twice what the reckoning says, because Node refuses at exactly that.
  const maxmem = 256 * cost.N * cost.r;
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFKC"), salt, length, { ...cost, maxmem }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
