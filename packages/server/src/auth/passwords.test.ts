import { describe, expect, test } from "vitest";
import { ThreadBcrypt } from "./bcrypt.js";
import { Passwords } from "./passwords.js";
import { Turnstile } from "./turnstile.js";

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const yes = (): boolean => true;
const no = (): boolean => false;
const create = (): Passwords => new Passwords({ cost: 4, runningMax: 1 });

async function hashOf(passwords: Passwords, password: string): Promise<Uint8Array> {
  const hash = await passwords.hashPassword(bytes(password), yes);
  if (!(hash instanceof Uint8Array)) throw new Error("no hash");
  return hash;
}

describe("Passwords", () => {
  test("hashes as etcd does, and knows its own and Go's hashes", async () => {
    const passwords = create();
    const hash = await hashOf(passwords, "secret");
    expect(Buffer.from(hash).toString()).toMatch(/^\$2a\$04\$.{53}$/);
    const check = (password: string, stored: Uint8Array): unknown =>
      passwords.matches({ user: "u", password: bytes(password), hash: stored }, yes);
    expect(await check("secret", hash)).toBe(true);
    expect(await check("Secret", hash)).toBe(false);
    // Made by golang.org/x/crypto/bcrypt.
    const known = "$2a$10$XajjQvNhvvRt5GSeFk1xFeyqRrsxkhBkUiQeg0dt.wU1qD4aFDcga";
    expect(await check("allmine", bytes(known))).toBe(true);
  });

  test("an empty password is one; no hash is that of no password", async () => {
    const passwords = create();
    const hash = await hashOf(passwords, "");
    const attempt = { user: "u", password: bytes(""), hash };
    expect(await passwords.matches(attempt, yes)).toBe(true);
    expect(await passwords.matches({ ...attempt, hash: bytes("") }, yes)).toBe(false);
    expect(await passwords.matches({ ...attempt, hash: bytes("no hash") }, yes)).toBe(false);
  });

  test("refuses what would be cut", async () => {
    const passwords = create();
    expect(await passwords.hashPassword(new Uint8Array(73).fill(97), yes)).toEqual({
      failure: { unknown: "bcrypt: password length exceeds 72 bytes" },
    });
    expect(await passwords.hashPassword(new Uint8Array(72).fill(97), yes)).toBeInstanceOf(Uint8Array);
  });

  test("equal attempts that come together are one; others are not", async () => {
    const passwords = create();
    const hash = await hashOf(passwords, "secret");
    const attempt = { user: "u", password: bytes("secret"), hash };
    const all = [
      ...Array.from({ length: 100 }, () => passwords.matches(attempt, yes)),
      passwords.matches({ ...attempt, user: "v" }, yes),
      passwords.matches({ ...attempt, password: bytes("other") }, yes),
    ];
    expect(passwords.attemptCount).toBe(3);
    const results = await Promise.all(all);
    expect([results.filter((each) => each === true).length, results.at(-1)]).toEqual([101, false]);
    expect(passwords.attemptCount).toBe(0);
  });

  test("one whose callers have all left costs nothing", async () => {
    const passwords = new Passwords({ cost: 31, runningMax: 1 });
    expect(await passwords.hashPassword(bytes("x"), no)).toEqual(Buffer.from(""));
  });
});

describe("Turnstile", () => {
  test("lets few pass at a time, in order, and turns away who would be one too many", async () => {
    const turnstile = new Turnstile(2, 3);
    const log: string[] = [];
    let running = 0;
    let runningMost = 0;
    const task = (name: string) => async (): Promise<string> => {
      running += 1;
      runningMost = Math.max(runningMost, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      log.push(name);
      return name;
    };
    const results = await Promise.all(
      ["a", "b", "c", "d", "e", "f"].map((name) => turnstile.pass(task(name))),
    );
    expect(results).toEqual(["a", "b", "c", "d", "e", undefined]);
    expect([log.join(""), runningMost]).toEqual(["abcde", 2]);
    expect(await turnstile.pass(task("g"))).toBe("g");
  });

  test("one that fails makes room all the same", async () => {
    const turnstile = new Turnstile(1, 1);
    await expect(turnstile.pass(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await turnstile.pass(() => Promise.resolve(1))).toBe(1);
  });
});

test("without its thread, the pool hashes", async () => {
  const thread = new ThreadBcrypt("/nowhere/password-thread.cjs");
  const passwords = new Passwords({ cost: 4, runningMax: 1, bcrypt: thread });
  const hash = await hashOf(passwords, "secret");
  expect(await passwords.matches({ user: "u", password: bytes("secret"), hash }, yes)).toBe(true);
  await thread.stop();
});
