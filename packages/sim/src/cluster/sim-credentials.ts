/**
 * What tells callers apart on a simulated member: the tokens of real members, and passwords whose hash is the password. Hashing is done by
 * threads, which no seed rules, and it decides nothing here.
 */
import type { AuthTokens } from "@quorate/machine";
import { SimpleTokens, type CredentialsPort, type SimpleTokensParts } from "@quorate/server/world";

export interface SimCredentials extends CredentialsPort {
  readonly tokens: AuthTokens;
}

export function createSimCredentials(parts: SimpleTokensParts): SimCredentials {
  const tokens = new SimpleTokens(parts);
  const hashPassword = (password: Uint8Array): Promise<Uint8Array> => Promise.resolve(password.slice());
  return {
    trustsCertificates: false,
    look: (token) => tokens.look(token),
    createPrefix: () => tokens.createPrefix(),
    hashPassword,
    matches: ({ password, hash }) =>
      Promise.resolve(password.length === hash.length && password.every((byte, i) => byte === hash[i])),
    tokens: {
      enable: (passwordOf) => tokens.enable(passwordOf),
      disable: () => tokens.disable(),
      invalidateUser: (user) => tokens.invalidateUser(user),
      issue: (login) => tokens.issue(login),
      hashPassword,
    },
  };
}
