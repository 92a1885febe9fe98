import { describe, expect, it } from "vitest";
import {
  ADDRESSES_MAX,
  FREE_FAILURES,
  LoginThrottle,
  TRIES_AT_ONCE_MAX,
  WAIT_MS_MAX,
} from "./login-throttle.js";
import { createPasswordHash, formatPasswordHash, parsePasswordHash, verifyPassword } from "./password.js";
import { SessionCookie } from "./session-cookie.js";
import { AGE_MS_MAX, IDLE_MS_MAX, SESSIONS_MAX, Sessions } from "./sessions.js";

describe("passwords", () => {
  it("are recognised by their hash, also when it was written down", async () => {
    const line = formatPasswordHash(await createPasswordHash("p\u00e4ss"));
    const hash = parsePasswordHash(line);
    if (hash === undefined) throw new Error("not a hash");
    expect(line).not.toContain("p\u00e4ss");
    expect(await verifyPassword("p\u00e4ss", hash)).toBe(true);
    expect(await verifyPassword("pass", hash)).toBe(false);
    expect(await verifyPassword("x".repeat(2000), hash)).toBe(false);
  });

  it("that look nearly like a hash are passwords", () => {
    const hash = `${"A".repeat(24)}$${"B".repeat(44)}`;
    expect(parsePasswordHash(`scrypt$16384$8$1$${hash}`)).toBeDefined();
    for (const cost of ["16383$8$1", "1$8$1", "99999999$8$1", "16384$0$1", "16384$64$1", "16384$8$99"]) {
      expect(parsePasswordHash(`scrypt$${cost}$${hash}`)).toBeUndefined();
    }
    expect(parsePasswordHash("correct horse")).toBeUndefined();
  });
});

describe("sessions", () => {
  it("end after some time without use, and after a longer one in any case", () => {
    let now = 0;
    const sessions = new Sessions(() => now);
    const used = sessions.create("a");
    const unused = sessions.create("b");
    for (; now < AGE_MS_MAX; now += IDLE_MS_MAX) expect(sessions.use(used)?.user).toBe("a");
    expect(sessions.use(unused)).toBeUndefined();
    now = AGE_MS_MAX + 1;
    expect(sessions.use(used)).toBeUndefined();
  });

  it("tell what runs on them that they end", () => {
    const sessions = new Sessions();
    const token = sessions.create("a");
    const ended = sessions.use(token)?.ended;
    sessions.end(token);
    expect(ended?.aborted).toBe(true);
    expect(sessions.use(token)).toBeUndefined();
  });

  it("are of a limited number: the one used least recently makes room", () => {
    const sessions = new Sessions();
    const tokens = Array.from({ length: SESSIONS_MAX }, () => sessions.create("a"));
    sessions.use(tokens[0] ?? "");
    sessions.create("b");
    expect(tokens.map((token) => sessions.use(token) !== undefined).indexOf(false)).toBe(1);
  });
});

describe("the throttle", () => {
  const no = (): Promise<boolean> => Promise.resolve(false);
  const yes = (): Promise<boolean> => Promise.resolve(true);

  it("makes an address wait longer with each failure, and forgets a success's past", async () => {
    let now = 0;
    const throttle = new LoginThrottle(() => now);
    const waits: number[] = [];
    for (let tries = 0; tries < FREE_FAILURES + 12; tries += 1) {
      const outcome = await throttle.attempt("10.0.0.1", no);
      if ("waitMs" in outcome) {
        waits.push(outcome.waitMs);
        now += outcome.waitMs;
      }
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000]);
    for (let tries = 0; tries < 50; tries += 1) {
      const outcome = await throttle.attempt("10.0.0.1", no);
      now += "waitMs" in outcome ? outcome.waitMs : 0;
      if ("waitMs" in outcome) waits.push(outcome.waitMs);
    }
    expect(Math.max(...waits)).toBe(WAIT_MS_MAX);
    now += WAIT_MS_MAX;
    expect(await throttle.attempt("10.0.0.1", yes)).toEqual({ ok: true });
    expect(await throttle.attempt("10.0.0.1", no)).toEqual({ ok: false });
  });

  it("lets other addresses in meanwhile, but not the same one under another name", async () => {
    const throttle = new LoginThrottle(() => 0);
    for (let tries = 0; tries < FREE_FAILURES; tries += 1) await throttle.attempt(`2001:db8::${tries}`, no);
    expect(await throttle.attempt("2001:db8:0:0:ffff::1", yes)).toHaveProperty("waitMs");
    expect(await throttle.attempt("2001:db8:0:1::1", yes)).toEqual({ ok: true });
  });

  it("hashes few passwords at a time", async () => {
    const throttle = new LoginThrottle(() => 0);
    let release = (): void => undefined;
    const held = new Promise<boolean>((resolve) => (release = () => resolve(false)));
    const running = Array.from({ length: TRIES_AT_ONCE_MAX }, (_, place) =>
      throttle.attempt(`10.0.0.${place}`, () => held),
    );
    expect(await throttle.attempt("10.0.1.1", yes)).toHaveProperty("waitMs");
    release();
    await Promise.all(running);
    expect(await throttle.attempt("10.0.1.1", yes)).toEqual({ ok: true });
  });

  it("remembers a limited number of addresses", async () => {
    const throttle = new LoginThrottle(() => 0);
    for (let tries = 0; tries < FREE_FAILURES; tries += 1) await throttle.attempt("10.9.9.9", no);
    expect(await throttle.attempt("10.9.9.9", yes)).toHaveProperty("waitMs");
    for (let place = 0; place <= ADDRESSES_MAX; place += 1) {
      await throttle.attempt(`10.${place >> 16}.${(place >> 8) & 255}.${place & 255}`, no);
    }
    expect(await throttle.attempt("10.9.9.9", yes)).toEqual({ ok: true });
  });
});

describe("the cookie", () => {
  it("is found among others and tells consoles apart", () => {
    const one = new SessionCookie({ port: 1, isSecure: false });
    const other = new SessionCookie({ port: 2, isSecure: false });
    const token = "t".repeat(43);
    const [header] = one.format(token).split(";");
    expect(one.parse(`x=y; ${header}; z=1`)).toBe(token);
    expect(other.parse(header)).toBeUndefined();
    expect(one.parse(undefined)).toBeUndefined();
    expect(one.parse(one.formatExpired().split(";")[0])).toBeUndefined();
  });

  it("is only sent over TLS where there is TLS", () => {
    expect(new SessionCookie({ port: 1, isSecure: true }).format("t")).toMatch(/^__Host-.*; Secure; /);
  });
});
