/** Simple tokens over a restart: what a killed member knows again, and what it must not. */
import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { VirtualTime } from "../lease/testing/virtual-time.js";
import { SimpleTokens } from "./simple-tokens.js";
import { TokenFile, TOKENS_KEPT_MAX } from "./token-file.js";

const TTL_MS = 300_000;
const PASSWORD = Uint8Array.of(1, 2, 3);

let folder: string;
let file: string;
let bootId: string | undefined;
let passwords: Map<string, Uint8Array>;
let warnings: string[];
/** Of the wall clock, ahead of the system's. */
let aheadMs: number;
let draw: number;
let time: VirtualTime;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quorate-tokens-"));
  file = join(folder, "tokens");
  bootId = "boot-1";
  passwords = new Map([
    ["alice", PASSWORD],
    ["bob", PASSWORD],
  ]);
  warnings = [];
  aheadMs = 0;
  draw = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A member that starts; the one before it was killed without a word. */
function start({ isOn = true, path = file } = {}): SimpleTokens {
  time = new VirtualTime();
  const tokens = new SimpleTokens({
    clock: time,
    scheduler: time,
    random: (bound) => (draw = (draw * 7 + 3) % bound),
    ttlMs: TTL_MS,
    appliedIndex: () => Number.MAX_SAFE_INTEGER,
    journal: new TokenFile({
      file: path,
      bootId,
      report: { warn: (text) => void warnings.push(text) },
      unixMs: () => Date.now() + aheadMs,
    }),
  });
  if (isOn) tokens.enable((user) => passwords.get(user));
  else tokens.disable();
  return tokens;
}

function issue(tokens: SimpleTokens, user: string, index: number, prefix = tokens.createPrefix()): string {
  const password = passwords.get(user) ?? PASSWORD;
  const issued = tokens.issue({ user, prefix, index, revision: 1, password });
  if (issued.kind !== "token") throw new Error(issued.kind);
  return issued.token;
}

const ALICE = { user: "alice", revision: undefined };

describe("a member that was killed", () => {
  test("knows the tokens again that lived, for as long as new ones", async () => {
    const before = start();
    const [kept, unused] = [issue(before, "alice", 1), issue(before, "bob", 2)];
    const after = start();
    expect(after.count).toBe(2);
    await time.advance(TTL_MS - 1000);
    expect(after.look(kept)).toEqual(ALICE);
    await time.advance(2000);
    expect([after.look(kept), after.look(unused), after.count]).toEqual([ALICE, undefined, 1]);
    const third = start();
    expect([third.look(kept), third.look(unused)]).toEqual([ALICE, undefined]);
  });

  test("does not know those again that expired, or whose user went", async () => {
    const before = start();
    const [alice, bob] = [issue(before, "alice", 1), issue(before, "bob", 2)];
    before.invalidateUser("bob");
    expect([start().look(alice), start().look(bob)]).toEqual([ALICE, undefined]);
    const later = start();
    await time.advance(TTL_MS + 1000);
    expect(later.count).toBe(0);
    expect(start().count).toBe(0);
  });

  test("knows none again of a user whose password has changed, or who is gone", () => {
    const before = start();
    const [alice, bob] = [issue(before, "alice", 1), issue(before, "bob", 2)];
    passwords = new Map([["alice", Uint8Array.of(9)]]);
    const after = start();
    expect([after.look(alice), after.look(bob), after.count]).toEqual([undefined, undefined, 0]);
    passwords.set("alice", PASSWORD);
    expect(start().look(alice)).toBeUndefined();
  });

  test("knows none again when authentication was off in between, or is", () => {
    const before = start();
    const token = issue(before, "alice", 1);
    before.disable();
    before.enable((user) => passwords.get(user));
    expect([before.look(token), start().look(token)]).toEqual([undefined, undefined]);

    const second = start();
    const other = issue(second, "alice", 2);
    const third = start({ isOn: false });
    third.enable((user) => passwords.get(user));
    expect(third.look(other)).toBeUndefined();
    expect(start().look(other)).toBeUndefined();
  });

  test("knows those again that were given out after authentication was switched on", () => {
    const before = start({ isOn: false });
    before.enable((user) => passwords.get(user));
    const token = issue(before, "alice", 1);
    expect(start().look(token)).toEqual(ALICE);
  });

  test("takes an entry a second time", () => {
    const before = start();
    const token = issue(before, "alice", 5, "abc");
    const after = start();
    expect(issue(after, "alice", 5, "abc")).toBe(token);
    expect([after.count, after.look(token)]).toEqual([1, ALICE]);
    after.invalidateUser("alice");
    expect([after.look(token), start().look(token)]).toEqual([undefined, undefined]);
  });

  test("also after an orderly stop", () => {
    const before = start();
    const token = issue(before, "alice", 1);
    before.stop();
    expect(start().look(token)).toEqual(ALICE);
  });
});

describe("the file", () => {
  test("is worth nothing to who reads it", () => {
    const token = issue(start(), "alice", 1);
    const text = readFileSync(file, "utf8");
    expect(text).toContain("alice");
    expect(text).not.toContain(token);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test.each<[string, () => void]>([
    ["another boot of the system", () => void (bootId = "boot-2")],
    ["a system that does not tell its boots apart", () => void (bootId = undefined)],
    ["a member that was gone for longer than a token lives", () => void (aheadMs = TTL_MS + 1000)],
    ["a time to come", () => void utimesSync(file, Date.now() / 1000 + 60, Date.now() / 1000 + 60)],
    ["a line that was cut off", () => writeFileSync(file, readFileSync(file, "utf8").slice(0, -1))],
    ["a line that is none", () => writeFileSync(file, `${readFileSync(file, "utf8")}["?","x"]\n`)],
    ["another form", () => writeFileSync(file, `["something"]\n`)],
    ["nothing", () => writeFileSync(file, "")],
  ])("is not believed: %s", (_, happen) => {
    const token = issue(start(), "alice", 1);
    happen();
    const after = start();
    expect([after.look(token), after.count]).toEqual([undefined, 0]);
    const next = issue(after, "alice", 2);
    expect(after.look(next)).toEqual(ALICE);
  });

  test("shows signs of life while tokens live", async () => {
    const before = start();
    const token = issue(before, "alice", 1);
    aheadMs = TTL_MS - 1000;
    await time.advance(10_000);
    aheadMs += TTL_MS - 1000;
    expect(start().look(token)).toEqual(ALICE);
  });

  test("is written anew when most of it is outdated, and remembers so many", () => {
    const before = start();
    const lives = issue(before, "bob", 1);
    for (let i = 0; i < 5000; i++) {
      issue(before, "alice", i + 2);
      before.invalidateUser("alice");
    }
    expect(readFileSync(file, "utf8").split("\n").length).toBeLessThan(2000);
    for (let i = 0; i < TOKENS_KEPT_MAX + 10; i++) issue(before, "alice", i + 10_000);
    expect([before.count, start().count]).toEqual([TOKENS_KEPT_MAX + 11, TOKENS_KEPT_MAX]);
    expect(start().look(lives)).toBeDefined();
  });

  test("that can't be written is done without, and said once", () => {
    const path = join(folder, "missing", "tokens");
    const tokens = start({ path });
    const token = issue(tokens, "alice", 1);
    expect(tokens.look(token)).toEqual(ALICE);
    tokens.stop();
    expect(warnings).toEqual(["simple tokens are not remembered"]);
  });
});
