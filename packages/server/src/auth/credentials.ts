/** Puts tokens, certificates and passwords of a member together, as the flags say. */
import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import type { AuthTokens } from "@quorate/machine";
import type { CredentialsPort } from "../api/ports/credentials-port.js";
import type { ClockPort, ReportPort, SchedulerPort } from "../member/ports.js";
import { ThreadBcrypt } from "./bcrypt.js";
import { Passwords } from "./passwords.js";
import { SignedTokens } from "./signed-tokens.js";
import { SimpleTokens } from "./simple-tokens.js";
import type { TokenJournal } from "./token-journal.js";
import type { TokenOptions } from "./token-options.js";

const COST_MIN = 4;
const COST_MAX = 31;
const COST_DEFAULT = 10;
/** Half of the cores, and never so many that a pool of eight threads has none left for the log and the database. */
const PASSWORDS_RUNNING_MAX: number = Math.min(3, Math.max(1, Math.floor(availableParallelism() / 2)));

export interface CredentialsParts {
  readonly clock: ClockPort;
  readonly scheduler: SchedulerPort;
  /** Uniform integer in [0, bound), unguessable. */
  readonly random: (bound: number) => number;
  readonly report: ReportPort;
  readonly appliedIndex: () => number;
  readonly tokens: TokenOptions;
  /** --auth-token-ttl. */
  readonly tokenTtlMs: number;
  /** Of simple tokens. */
  readonly journal?: TokenJournal | undefined;
  /** --bcrypt-cost. */
  readonly bcryptCost: number;
  /** --client-cert-auth. */
  readonly trustsCertificates: boolean;
  /** The built thread that hashes; without, the pool does, which is felt by others. */
  readonly passwordThreadFile?: string | undefined;
}

export interface Credentials extends CredentialsPort {
  /** For the machine. */
  readonly tokens: AuthTokens;
  /** Ends timers. */
  stop(): void;
}

export function createCredentials(parts: CredentialsParts): Credentials {
  const { passwordThreadFile: file } = parts;
  const thread = file === undefined ? undefined : new ThreadBcrypt(file);
  const cost = checkCost(parts);
  const passwords =
    thread === undefined
      ? new Passwords({ cost, runningMax: PASSWORDS_RUNNING_MAX })
      : new Passwords({ cost, runningMax: 1, bcrypt: thread });
  const provider = createProvider(parts);
  const { look, createPrefix } = provider;
  return {
    trustsCertificates: parts.trustsCertificates,
    look: (token) => {
      const owner = look(token);
      if (owner === undefined) reportInvalid(parts.report, token);
      return owner;
    },
    createPrefix,
    hashPassword: (password, isWanted) => passwords.hashPassword(password, isWanted),
    matches: (attempt, isWanted) => passwords.matches(attempt, isWanted),
    tokens: { ...provider.tokens, hashPassword: (password) => hashPlain(passwords, password) },
    stop: () => {
      provider.stop();
      void thread?.stop();
    },
  };
}

function checkCost({ bcryptCost, report }: CredentialsParts): number {
  if (bcryptCost >= COST_MIN && bcryptCost <= COST_MAX) return bcryptCost;
  report.warn("use default bcrypt cost instead of the invalid given cost", {
    "min-cost": COST_MIN,
    "max-cost": COST_MAX,
    "default-cost": COST_DEFAULT,
    "given-cost": bcryptCost,
  });
  return COST_DEFAULT;
}

/** A password from the log of an old release: one that is too long was cut there, since bcrypt takes no more. */
async function hashPlain(passwords: Passwords, password: Uint8Array): Promise<Uint8Array> {
  const hash = await passwords.hashPassword(password.subarray(0, 72), () => true);
  if (hash instanceof Uint8Array) return hash;
  throw new Error("a password of the log could not be hashed");
}

interface Provider extends Pick<CredentialsPort, "look" | "createPrefix"> {
  readonly tokens: Omit<AuthTokens, "hashPassword">;
  readonly stop: () => void;
}

function createProvider(parts: CredentialsParts): Provider {
  const nothing = (): void => undefined;
  const { tokens: options, report } = parts;
  switch (options.kind) {
    case "none":
      return {
        look: () => undefined,
        createPrefix: () => "",
        tokens: {
          enable: nothing,
          disable: nothing,
          invalidateUser: nothing,
          issue: () => ({ kind: "refused", refusal: "auth-failed" }),
        },
        stop: nothing,
      };
    case "simple": {
      report.warn("simple token is not cryptographically signed");
      const simple = new SimpleTokens({ ...parts, ttlMs: parts.tokenTtlMs });
      return {
        look: (token) => simple.look(token),
        createPrefix: () => simple.createPrefix(),
        tokens: {
          enable: (passwordOf) => simple.enable(passwordOf),
          disable: () => simple.disable(),
          invalidateUser: (user) => simple.invalidateUser(user),
          issue: (login) => simple.issue(login),
        },
        stop: () => simple.stop(),
      };
    }
    case "jwt": {
      if (options.unknown.length > 0) report.warn("unknown JWT options", { keys: options.unknown });
      const signed = new SignedTokens({
        options,
        unixMs: () => parts.clock.unixMs(),
        onInvalid: (reason) => report.warn("failed to parse a JWT token", { error: reason }),
      });
      return {
        look: (token) => signed.look(token),
        createPrefix: () => "",
        tokens: {
          enable: nothing,
          disable: nothing,
          invalidateUser: nothing,
          issue: (login) => signed.issue(login),
        },
        stop: nothing,
      };
    }
  }
}

/** A log must not be worth stealing: it names a token by its fingerprint. */
function reportInvalid(report: ReportPort, token: string): void {
  const fingerprint = createHash("sha256").update(token).digest("hex").slice(0, 12);
  report.warn("invalid auth token", { "token-fingerprint": fingerprint });
}
