import { getEventListeners } from "node:events";
import { ERRORS, etcdserverpb, GrpcStatus } from "@quorate/proto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { UnavailableError, UnknownOutcomeError } from "../errors/errors.js";
import { failure, FakeTransport, type FakeAnswer, type FakeCall } from "../testing/fake-transport.js";
import { BalancedCalls } from "./balanced-calls.js";
import { EndpointPool } from "./endpoint-pool.js";

const { range, put } = etcdserverpb.KV.method;
const ANSWER = { header: { revision: 7n } };
const refusal = (name: keyof typeof ERRORS): FakeAnswer =>
  failure(ERRORS[name].wireCode, ERRORS[name].message);
const gone = (sent: boolean): FakeAnswer => failure(GrpcStatus.Unavailable, "connection reset", sent);

function callsWith(
  answer: (call: FakeCall, count: number) => FakeAnswer,
  options: { readonly endpoints?: string[]; readonly user?: { name: string; password: string } } = {},
): { calls: BalancedCalls; transport: FakeTransport } {
  const transport: FakeTransport = new FakeTransport((call) => answer(call, transport.calls.length));
  const pool = new EndpointPool(transport, options.endpoints ?? ["a:1", "b:1", "c:1"]);
  return { calls: new BalancedCalls({ pool, timeoutMs: 2000, user: options.user }), transport };
}

describe("a call", () => {
  test("goes to the endpoints in turn", async () => {
    const { calls, transport } = callsWith(() => ANSWER);
    for (let i = 0; i < 6; i++) await calls.unary(range, {}, { safety: "read" });
    const asked = transport.calls.map(({ endpoint }) => endpoint);
    expect(new Set(asked.slice(0, 3)).size).toBe(3);
    expect(asked.slice(3)).toEqual(asked.slice(0, 3));
  });

  test("goes to another endpoint when one does not answer, and leaves that one alone for a while", async () => {
    const { calls, transport } = callsWith(({ endpoint }) => (endpoint === "a:1" ? gone(false) : ANSWER));
    for (let i = 0; i < 9; i++) await calls.unary(put, {}, { safety: "write" });
    expect(transport.calls.filter(({ endpoint }) => endpoint === "a:1")).toHaveLength(1);
  });

  test("that writes is not repeated when it may have happened", async () => {
    const { calls, transport } = callsWith(() => gone(true));
    await expect(calls.unary(put, {}, { safety: "write" })).rejects.toThrow(UnknownOutcomeError);
    expect(transport.calls).toHaveLength(1);
  });

  test("that writes is repeated when it certainly has not", async () => {
    const { calls, transport } = callsWith((_, count) => (count < 3 ? refusal("no-leader") : ANSWER));
    await expect(calls.unary(put, {}, { safety: "write" })).resolves.toMatchObject(ANSWER);
    expect(transport.calls).toHaveLength(3);
  });

  test("about one member is made there and nowhere else, also where the list does not have it", async () => {
    const { calls, transport } = callsWith(() => gone(false));
    await expect(calls.unary(range, {}, { safety: "read", endpoint: "z:9" })).rejects.toThrow(
      UnavailableError,
    );
    expect(transport.calls.map(({ endpoint }) => endpoint)).toEqual(["z:9"]);
  });

  test("whose time is up in a login says why that did not succeed", async () => {
    const untrusted = failure(GrpcStatus.Unavailable, "self-signed certificate", false);
    const { calls, transport } = callsWith(() => untrusted, { user: { name: "a", password: "b" } });
    for (const safety of ["read", "write"] as const)
      await expect(calls.unary(put, {}, { safety, timeoutMs: 100 })).rejects.toMatchObject({
        name: "UnavailableError",
        message: "self-signed certificate",
      });
    expect(new Set(transport.calls.map(({ method }) => method))).toEqual(new Set(["Authenticate"]));
    calls.close();
  });

  test("whose time is up before anything was sent says what kept it from being sent", async () => {
    const { calls } = callsWith((_, count) =>
      count === 1 ? gone(false) : failure(GrpcStatus.DeadlineExceeded, "waiting for a connection", false),
    );
    await expect(calls.unary(put, {}, { safety: "write", timeoutMs: 1000 })).rejects.toMatchObject({
      name: "UnavailableError",
      message: "connection reset",
    });
  });

  test("gives up when its time is up, with what went wrong last", async () => {
    const { calls } = callsWith(() => gone(false));
    const started = performance.now();
    await expect(calls.unary(range, {}, { safety: "read", timeoutMs: 200 })).rejects.toThrow(
      UnavailableError,
    );
    expect(performance.now() - started).toBeGreaterThanOrEqual(100);
  });

  test("about one member has all of its time there", async () => {
    const { calls, transport } = callsWith(() => ANSWER);
    await calls.unary(range, {}, { safety: "idempotent", endpoint: "a:1", timeoutMs: 60_000 });
    await calls.unary(range, {}, { safety: "idempotent", timeoutMs: 60_000 });
    const [pinned, shared] = transport.calls.map(({ options }) => options.timeoutMs ?? 0);
    expect(pinned).toBeGreaterThan(59_000);
    expect(shared).toBeLessThanOrEqual(20_000);
  });

  test("that a member lets wait is made elsewhere, with all the time that is left", async () => {
    const late = failure(GrpcStatus.DeadlineExceeded, "Deadline exceeded");
    const { calls, transport } = callsWith((_, count) => (count === 1 ? late : ANSWER));
    await calls.unary(range, {}, { safety: "read", timeoutMs: 60_000 });
    const [first, second] = transport.calls;
    expect(second?.endpoint).not.toBe(first?.endpoint);
    expect(second?.options.timeoutMs).toBeGreaterThan(59_000);
    const again = callsWith(() => late);
    await expect(again.calls.unary(range, {}, { safety: "read" })).rejects.toMatchObject({
      name: "DeadlineError",
    });
    expect(again.transport.calls).toHaveLength(2);
  });

  test("shares its signal's one listener with all others", async () => {
    const { calls } = callsWith(() => "silence");
    const ending = new AbortController();
    const { signal } = ending;
    const all = Array.from({ length: 100 }, () => calls.unary(range, {}, { safety: "read", signal }));
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    // The end of the client ends its channels, and with them all calls.
    expect(getEventListeners(calls.closed, "abort")).toHaveLength(0);
    const reason = new Error("enough");
    ending.abort(reason);
    for (const call of all) await expect(call).rejects.toBe(reason);
  });

  test("ends with its signal, wherever it is", async () => {
    const reason = new Error("enough");
    for (const answer of ["silence", gone(false)] as const) {
      const { calls } = callsWith(() => answer);
      const ending = new AbortController();
      const call = calls.unary(range, {}, { safety: "read", signal: ending.signal });
      setTimeout(() => ending.abort(reason), 20);
      await expect(call).rejects.toBe(reason);
    }
  });

  test("ends when the client closes, and so do later ones", async () => {
    const { calls, transport } = callsWith(() => "silence");
    const call = calls.unary(range, {}, { safety: "read" });
    setTimeout(() => calls.close(), 20);
    await expect(call).rejects.toMatchObject({ name: "ClosedError" });
    await expect(calls.unary(range, {}, { safety: "read" })).rejects.toMatchObject({ name: "ClosedError" });
    expect(transport.closed.sort()).toEqual(["a:1", "b:1", "c:1"]);
  });

  test("insists on a leader unless it says otherwise", async () => {
    const { calls, transport } = callsWith(() => ANSWER);
    await calls.unary(range, {}, { safety: "read" });
    await calls.unary(range, {}, { safety: "read", requireLeader: false });
    expect(transport.calls.map(({ options }) => options.metadata)).toEqual([{ hasleader: "true" }, {}]);
  });
});

describe("a token", () => {
  const user = { name: "u", password: "p" };
  const tokensOf = (transport: FakeTransport): unknown[] =>
    transport.calls
      .filter(({ method }) => method === "Range")
      .map(({ options }) => options.metadata?.["token"]);

  test("is asked for once, however many calls wait for it", async () => {
    const answer = ({ method }: FakeCall): FakeAnswer =>
      method === "Authenticate" ? { token: "t1" } : ANSWER;
    const { calls, transport } = callsWith(answer, { user });
    await Promise.all(Array.from({ length: 5 }, () => calls.unary(range, {}, { safety: "read" })));
    expect(transport.calls.filter(({ method }) => method === "Authenticate")).toHaveLength(1);
    expect(tokensOf(transport)).toEqual(["t1", "t1", "t1", "t1", "t1"]);
  });

  test("that does not come holds a call up no longer than its time and its signal say", async () => {
    const { calls, transport } = callsWith(() => "silence", { user });
    const timed = calls.unary(range, {}, { safety: "write", timeoutMs: 50 });
    await expect(timed).rejects.toMatchObject({ name: "DeadlineError" });
    const reason = new Error("enough");
    const ending = new AbortController();
    const signalled = calls.unary(range, {}, { safety: "read", signal: ending.signal });
    setTimeout(() => ending.abort(reason), 20);
    await expect(signalled).rejects.toBe(reason);
    // The token is still being waited for, by whoever has more time.
    expect(transport.calls.map(({ method, options }) => [method, options.signal?.aborted])).toEqual([
      ["Authenticate", false],
    ]);
  });

  test("that is rejected is replaced, once a call", async () => {
    let count = 0;
    const { calls, transport } = callsWith(
      ({ method, options }) => {
        if (method === "Authenticate") return { token: `t${++count}` };
        return options.metadata?.["token"] === "t2" ? ANSWER : refusal("invalid-auth-token");
      },
      { user },
    );
    await expect(calls.unary(range, {}, { safety: "read" })).resolves.toMatchObject(ANSWER);
    expect(tokensOf(transport)).toEqual(["t1", "t2"]);
  });

  test("that is rejected again and again ends the call", async () => {
    const { calls, transport } = callsWith(
      ({ method }) => (method === "Authenticate" ? { token: "t" } : refusal("invalid-auth-token")),
      { user },
    );
    const call = calls.unary(range, {}, { safety: "read" });
    await expect(call).rejects.toMatchObject({ name: "PermissionError", reason: "invalid-auth-token" });
    expect(tokensOf(transport)).toHaveLength(2);
  });

  describe("that says when it expires", () => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
    afterEach(() => void vi.useRealTimers());

    test.each([
      ["is replaced before it does", 300, 269, 271],
      ["is used for half of its time when that is short", 10, 4.9, 5.1],
    ])("%s", async (_, livesSeconds, usedSeconds, replacedSeconds) => {
      const { read, logins } = withJwt(livesSeconds);
      await read();
      vi.advanceTimersByTime(usedSeconds * 1000);
      await read();
      expect(logins()).toBe(1);
      vi.advanceTimersByTime((replacedSeconds - usedSeconds) * 1000);
      await read();
      await read();
      expect(logins()).toBe(2);
    });

    test("is used all the same when our clock says that it has expired", async () => {
      const { read, logins } = withJwt(-60);
      for (let i = 0; i < 3; i++) await read();
      expect(logins()).toBe(1);
    });

    /** A server whose tokens live for so long, by our own clock. */
    function withJwt(livesSeconds: number): { read: () => Promise<unknown>; logins: () => number } {
      let count = 0;
      const token = (): string => {
        count += 1;
        return `h.${btoa(JSON.stringify({ exp: Date.now() / 1000 + livesSeconds }))}.s`;
      };
      const { calls } = callsWith(({ method }) => (method === "Authenticate" ? { token: token() } : ANSWER), {
        user,
      });
      return { read: () => calls.unary(range, {}, { safety: "read" }), logins: () => count };
    }
  });

  test("is asked for when authentication is switched on while the client lives", async () => {
    let isOn = false;
    const { calls, transport } = callsWith(
      ({ method, options }) => {
        if (method === "Authenticate") return isOn ? { token: "t1" } : refusal("auth-not-enabled");
        return isOn && options.metadata?.["token"] === undefined ? refusal("user-empty") : ANSWER;
      },
      { user },
    );
    await calls.unary(put, {}, { safety: "write" });
    isOn = true;
    await expect(calls.unary(put, {}, { safety: "write" })).resolves.toMatchObject(ANSWER);
    expect(transport.calls.at(-1)?.options.metadata).toMatchObject({ token: "t1" });
    const nobody = callsWith(() => refusal("user-empty"));
    await expect(nobody.calls.unary(range, {}, { safety: "read" })).rejects.toMatchObject({
      reason: "user-empty",
    });
    expect(nobody.transport.calls).toHaveLength(1);
  });

  test("is not needed where authentication is off, and a wrong password is told", async () => {
    const off = callsWith(
      ({ method }) => (method === "Authenticate" ? refusal("auth-not-enabled") : ANSWER),
      { user },
    );
    await off.calls.unary(range, {}, { safety: "read" });
    expect(tokensOf(off.transport)).toEqual([undefined]);
    const wrong = callsWith(() => refusal("auth-failed"), { user });
    const call = wrong.calls.unary(range, {}, { safety: "read" });
    await expect(call).rejects.toMatchObject({ name: "PermissionError", reason: "auth-failed" });
  });
});

test("a client without endpoints, or with a wrong one, is refused", () => {
  const transport = new FakeTransport(() => ANSWER);
  expect(() => new EndpointPool(transport, [])).toThrow(TypeError);
  expect(() => new EndpointPool(transport, ["a:1", " "])).toThrow(TypeError);
});
