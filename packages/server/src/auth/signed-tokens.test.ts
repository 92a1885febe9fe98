/** Signed tokens of every method that etcd takes, and what is none. Rule 47 of operations 13. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseTokenOptions, TokenOptionsError, type SignedTokenOptions } from "./token-options.js";
import { SignedTokens, TOKEN_LETTERS_MAX } from "./signed-tokens.js";

let folder: string;
const NOW_MS = 1_700_000_000_000;
const NO_PASSWORD = new Uint8Array(0);

interface Files {
  readonly private: string;
  readonly public: string;
}

function write(name: string, content: string | Buffer): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

function pair(
  name: string,
  keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject },
  privateType: "pkcs8" | "pkcs1" | "sec1" = "pkcs8",
): Files {
  return {
    private: write(`${name}.key`, keys.privateKey.export({ type: privateType, format: "pem" })),
    public: write(`${name}.pub`, keys.publicKey.export({ type: "spki", format: "pem" })),
  };
}

const files: Record<string, Files> = {};
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tokens-"));
  files["RS"] = pair("rsa", generateKeyPairSync("rsa", { modulusLength: 2048 }), "pkcs1");
  files["PS"] = files["RS"];
  files["ES256"] = pair("p256", generateKeyPairSync("ec", { namedCurve: "P-256" }), "sec1");
  files["ES384"] = pair("p384", generateKeyPairSync("ec", { namedCurve: "P-384" }));
  files["ES512"] = pair("p521", generateKeyPairSync("ec", { namedCurve: "P-521" }));
  files["EdDSA"] = pair("ed", generateKeyPairSync("ed25519"));
  const secret = write("secret", "a secret that is long enough for any of the three methods that there are");
  files["HS"] = { private: secret, public: secret };
});
afterAll(() => rmSync(folder, { recursive: true }));

const filesOf = (method: string): Files => (files[method] ?? files[method.slice(0, 2)]) as Files;

function options(text: string): SignedTokenOptions {
  const parsed = parseTokenOptions(text);
  if (parsed.kind !== "jwt") throw new Error(parsed.kind);
  return parsed;
}

function create(
  given: SignedTokenOptions,
  unixMs: () => number = () => NOW_MS,
): SignedTokens & { reasons: string[] } {
  const reasons: string[] = [];
  const tokens = new SignedTokens({ options: given, unixMs, onInvalid: (reason) => reasons.push(reason) });
  return Object.assign(tokens, { reasons });
}

async function issue(tokens: SignedTokens, user = "alice", revision = 7): Promise<string> {
  const issued = tokens.issue({ user, prefix: "", index: 1, revision, password: NO_PASSWORD });
  if (issued.kind !== "later") throw new Error(issued.kind);
  return issued.sign();
}

const METHODS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512"],
];

describe.each(METHODS)("%s", (method) => {
  const signing = (): SignedTokens =>
    create(options(`jwt,sign-method=${method},priv-key=${filesOf(method).private}`));

  test("signs, and knows its own at once the second time", async () => {
    const tokens = signing();
    const token = await issue(tokens, Buffer.from("jürgen").toString("latin1"));
    const owner = { user: Buffer.from("jürgen").toString("latin1"), revision: 7 };
    expect(await tokens.look(token)).toEqual(owner);
    expect(tokens.look(token)).toEqual(owner);
  });

  test("a member with the public key alone takes tokens and gives none", async () => {
    if (method.startsWith("HS")) {
      expect(() => options(`jwt,sign-method=${method},pub-key=${filesOf(method).public}`)).toThrow(
        "missing key",
      );
      return;
    }
    const verifying = create(options(`jwt,sign-method=${method},pub-key=${filesOf(method).public}`));
    expect(verifying.issue({ user: "a", prefix: "", index: 1, revision: 1, password: NO_PASSWORD })).toEqual({
      kind: "refused",
      refusal: "verify-only-key",
    });
    expect(await verifying.look(await issue(signing()))).toEqual({ user: "alice", revision: 7 });
  });
});

describe("no token is", () => {
  const hs256 = (): SignedTokens & { reasons: string[] } =>
    create(options(`jwt,sign-method=HS256,priv-key=${filesOf("HS256").private}`));
  const sign = async (claims: Record<string, unknown>, alg = "HS256"): Promise<string> => {
    const { signKey } = options(`jwt,sign-method=HS256,priv-key=${filesOf("HS256").private}`);
    return new SignJWT(claims).setProtectedHeader({ alg }).sign(signKey as KeyObject);
  };
  const exp = NOW_MS / 1000 + 60;

  test("one without a user or a revision, or with others than there can be", async () => {
    const tokens = hs256();
    for (const claims of [
      {},
      { username: "a" },
      { revision: 1 },
      { username: 1, revision: 1 },
      { username: "a", revision: "1" },
    ])
      expect(await tokens.look(await sign({ ...claims, exp }))).toBeUndefined();
    expect(await tokens.look(await sign({ username: "a", revision: 1, exp }))).toEqual({
      user: "a",
      revision: 1,
    });
  });

  test("one that was signed in another way, or not, or with another key", async () => {
    const tokens = hs256();
    expect(await tokens.look(await sign({ username: "a", revision: 1, exp }, "HS512"))).toBeUndefined();
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = part({ username: "a", revision: 1, exp });
    expect(await tokens.look(`${part({ alg: "none" })}.${claims}.`)).toBeUndefined();
    const [head = "", , signature = ""] = (await sign({ username: "b", revision: 1, exp })).split(".");
    expect(await tokens.look(`${head}.${claims}.${signature}`)).toBeUndefined();
    expect(tokens.reasons).toHaveLength(3);
  });

  test("one that has ended, also when it was good before", async () => {
    let nowMs = NOW_MS;
    const given = options(`jwt,sign-method=HS256,priv-key=${filesOf("HS256").private},ttl=2s`);
    const tokens = create(given, () => nowMs);
    const token = await issue(tokens);
    expect(await tokens.look(token)).toBeDefined();
    nowMs += 2000;
    expect(tokens.look(token)).toBeUndefined();
    expect(await create(given, () => nowMs).look(token)).toBeUndefined();
  });

  test("a megabyte of dots, or anything else without three parts", () => {
    const tokens = hs256();
    for (const text of [
      "",
      "a",
      "a.b",
      "a.b.c.d",
      ".".repeat(1 << 20),
      `${"a".repeat(TOKEN_LETTERS_MAX)}.b.c`,
    ])
      expect(tokens.look(text)).toBeUndefined();
  });

  test("checked twice at a time", () => {
    const tokens = hs256();
    expect(tokens.look("a.b.c")).toBe(tokens.look("a.b.c"));
  });
});

describe("--auth-token", () => {
  test("names a kind", () => {
    expect([parseTokenOptions(""), parseTokenOptions("simple")]).toEqual([
      { kind: "none" },
      { kind: "simple" },
    ]);
    expect(() => parseTokenOptions("other")).toThrow("auth: invalid auth options");
  });

  test.each([
    "jwt",
    "jwt,sign-method",
    "jwt,sign-method=RS256=x",
    "jwt,sign-method=XX",
    "jwt,sign-method=toString",
  ])("%j can't be", (text) => {
    expect(() => parseTokenOptions(text)).toThrow("auth: invalid auth options");
  });

  test("keys have to be there, of the right kind, and to belong together", () => {
    expect(() => parseTokenOptions("jwt,sign-method=RS256")).toThrow("auth: missing key data");
    expect(() => parseTokenOptions("jwt,sign-method=RS256,priv-key=/nowhere")).toThrow(
      "invalid auth options",
    );
    const [rsa, ec, other] = [filesOf("RS256"), filesOf("ES256"), filesOf("ES384")];
    const mixed = [
      `jwt,sign-method=RS256,priv-key=${ec.private}`,
      `jwt,sign-method=ES256,priv-key=${rsa.private}`,
      `jwt,sign-method=ES256,priv-key=${ec.private},pub-key=${other.public}`,
      `jwt,sign-method=RS256,priv-key=${filesOf("HS256").private}`,
    ];
    for (const text of mixed) expect(() => parseTokenOptions(text)).toThrow(TokenOptionsError);
    expect(options(`jwt,sign-method=ES256,priv-key=${ec.private},pub-key=${ec.public}`).ttlMs).toBe(300_000);
  });

  test("options that mean nothing are told, those that come twice can't be", () => {
    const secret = filesOf("HS256").private;
    expect(options(`jwt,sign-method=HS256,priv-key=${secret},ttl=90s,x=y`)).toMatchObject({
      unknown: ["x"],
      ttlMs: 90_000,
    });
    expect(() => parseTokenOptions(`jwt,sign-method=HS256,priv-key=${secret},ttl=1s,ttl=1s`)).toThrow(
      "invalid",
    );
  });
});
