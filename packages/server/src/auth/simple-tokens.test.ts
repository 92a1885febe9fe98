import { beforeEach, describe, expect, test } from "vitest";
import { VirtualTime } from "../lease/testing/virtual-time.js";
import { SimpleTokens, TOKEN_WAITS_MAX, TOKEN_WAIT_MAX_MS, TOKENS_MAX } from "./simple-tokens.js";

const TTL_MS = 300_000;
const NOBODY = (): undefined => undefined;
const PASSWORD = Uint8Array.of(1, 2, 3);

let time: VirtualTime;
let appliedIndex: number;
let tokens: SimpleTokens;
beforeEach(() => {
  time = new VirtualTime();
  appliedIndex = 0;
  let draw = 0;
  tokens = new SimpleTokens({
    clock: time,
    scheduler: time,
    random: (bound) => (draw = (draw * 7 + 3) % bound),
    ttlMs: TTL_MS,
    appliedIndex: () => appliedIndex,
  });
  tokens.enable(NOBODY);
});

function issue(user: string, index: number): string {
  appliedIndex = index;
  const issued = tokens.issue({
    user,
    prefix: tokens.createPrefix(),
    index,
    revision: 1,
    password: PASSWORD,
  });
  if (issued.kind !== "token") throw new Error(issued.kind);
  return issued.token;
}

const ownerOf = (token: string): unknown => tokens.look(token);

describe("a token", () => {
  test("is 16 letters and the index of its entry", () => {
    expect(issue("alice", 1234)).toMatch(/^[a-zA-Z]{16}\.1234$/);
  });

  test("stands for its user, at whichever revision, and others for nobody", () => {
    const token = issue("alice", 5);
    expect(ownerOf(token)).toEqual({ user: "alice", revision: undefined });
    for (const other of ["", ".", "abc", `${token}0`, "abc.-1", "abc.x", "a.b.5", "abcdefghijklmnop.5"])
      expect(ownerOf(other) instanceof Promise ? "later" : ownerOf(other)).not.toMatchObject({
        user: "alice",
      });
    expect(ownerOf("abcdefghijklmnop.5")).toBeUndefined();
  });

  test("lives for as long as it is used", async () => {
    const [used, unused] = [issue("alice", 1), issue("bob", 2)];
    for (let i = 0; i < 3; i++) {
      await time.advance(TTL_MS - 1000);
      expect(ownerOf(used)).toBeDefined();
    }
    expect(ownerOf(unused)).toBeUndefined();
    await time.advance(TTL_MS + 1000);
    expect([ownerOf(used), tokens.count]).toEqual([undefined, 0]);
  });

  test("goes with its user, and with all others when authentication is switched off", () => {
    const [alice, again, bob] = [issue("alice", 1), issue("alice", 2), issue("bob", 3)];
    tokens.invalidateUser("alice");
    expect([alice, again].map(ownerOf)).toEqual([undefined, undefined]);
    expect(ownerOf(bob)).toBeDefined();
    tokens.disable();
    tokens.enable(NOBODY);
    expect(ownerOf(bob)).toBeUndefined();
  });

  test("the oldest makes room", () => {
    const first = issue("alice", 1);
    for (let i = 0; i < TOKENS_MAX; i++)
      tokens.issue({ user: "bob", prefix: "x", index: i + 2, revision: 1, password: PASSWORD });
    expect([ownerOf(first), tokens.count]).toEqual([undefined, TOKENS_MAX]);
  });
});

describe("a token that comes before its entry", () => {
  test("waits for it", async () => {
    const early = tokens.look("abc.7");
    expect(early).toBeInstanceOf(Promise);
    appliedIndex = 7;
    tokens.issue({ user: "alice", prefix: "abc", index: 7, revision: 1, password: PASSWORD });
    await time.advance(10);
    expect(await early).toEqual({ user: "alice", revision: undefined });
    tokens.stop();
    expect(time.timerCount).toBe(0);
  });

  test("is none when the entry gave out another, or does not come in time", async () => {
    const [guessed, never] = [tokens.look("abc.7"), tokens.look("abc.99999999")];
    appliedIndex = 7;
    await time.advance(TOKEN_WAIT_MAX_MS + 10);
    expect([await guessed, await never]).toEqual([undefined, undefined]);
  });

  test("is turned away when too many wait; a stop ends all waits", async () => {
    const waits = Array.from({ length: TOKEN_WAITS_MAX }, async (_, i) => tokens.look(`abc.${i + 1}`));
    expect(tokens.look("abc.1")).toBeUndefined();
    tokens.stop();
    expect(await Promise.all(waits)).toEqual(waits.map(() => undefined));
  });
});
