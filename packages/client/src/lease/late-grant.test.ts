/** Grants that nobody waits for any more, against a server of our own words: what they leave is taken back. */
import { etcdserverpb, GrpcStatus } from "@quorate/proto";
import { expect, test, vi } from "vitest";
import type { CallOptions, Calls } from "../calls.js";
import { DeadlineError, QuorateError, UnavailableError } from "../errors/errors.js";
import { onAbort } from "../session/on-abort.js";
import { Leases } from "./leases.js";
import { GIVE_UP_MAX_MS } from "./late-grant.js";

const { leaseGrant, leaseRevoke } = etcdserverpb.Lease.method;
const until = (condition: () => boolean): Promise<void> => vi.waitFor(() => expect(condition()).toBe(true));

/** Holds grants until the test answers, and notes what is revoked, or who was told to stop. */
class HeldServer {
  readonly granted: bigint[] = [];
  readonly revoked: bigint[] = [];
  readonly revocationTimes: (number | undefined)[] = [];
  stopped = 0;
  answer: (failure?: Error) => void = () => undefined;
  readonly calls: Calls;

  constructor() {
    const unary = (method: unknown, { ID: id }: { ID: bigint }, options: CallOptions): Promise<unknown> => {
      if (method === leaseRevoke) {
        this.revoked.push(id);
        this.revocationTimes.push(options.timeoutMs);
        return Promise.resolve({});
      }
      expect(method).toBe(leaseGrant);
      this.granted.push(id);
      return new Promise((resolve, reject) => {
        this.answer = (failure) => (failure === undefined ? resolve({ ID: id, TTL: 60n }) : reject(failure));
        const { signal } = options;
        if (signal !== undefined)
          onAbort(signal, () => {
            this.stopped += 1;
            reject(signal.reason as Error);
          });
      });
    };
    const { signal: closed } = new AbortController();
    this.calls = { unary, closed, backOff: () => Promise.resolve() } as unknown as Calls;
  }
}

test("a lease that comes after its grant was given up is revoked then, and not before", async () => {
  const server = new HeldServer();
  const stop = new AbortController();
  const granting = new Leases(server.calls).grant(60, { signal: stop.signal });
  await until(() => server.granted.length === 1);
  stop.abort(new Error("given up"));
  await expect(granting).rejects.toThrow("given up");
  expect([server.stopped, server.revoked.length]).toEqual([0, 0]);
  server.answer();
  await until(() => server.revoked.length > 0);
  expect(server.revoked).toEqual(server.granted);
});

test("a grant that was given up is waited for a while, and its lease revoked on suspicion", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  try {
    const server = new HeldServer();
    const stop = new AbortController();
    const granting = new Leases(server.calls).grant(60, { signal: stop.signal });
    const outcome = expect(granting).rejects.toThrow("given up");
    stop.abort(new Error("given up"));
    await outcome;
    await vi.advanceTimersByTimeAsync(GIVE_UP_MAX_MS - 1);
    expect([server.stopped, server.revoked.length]).toEqual([0, 0]);
    await vi.advanceTimersByTimeAsync(1);
    expect([server.stopped, server.revoked]).toEqual([1, server.granted]);
    expect(server.revocationTimes).toEqual([GIVE_UP_MAX_MS]);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test.each<[string, Error, number]>([
  ["whose time was up", new DeadlineError("late", { code: GrpcStatus.DeadlineExceeded, retry: "read" }), 1],
  ["whose members went", new UnavailableError("gone", { code: GrpcStatus.Unavailable, retry: "always" }), 1],
  ["that was refused", new QuorateError("too large", { code: GrpcStatus.OutOfRange, retry: "none" }), 0],
])("a grant %s leaves nothing", async (_, failure, revocations) => {
  const server = new HeldServer();
  const granting = new Leases(server.calls).grant(60);
  await until(() => server.granted.length === 1);
  server.answer(failure);
  await expect(granting).rejects.toBe(failure);
  await new Promise((resolve) => setImmediate(resolve));
  expect(server.revoked).toEqual(server.granted.slice(0, revocations));
});

test("an id of the caller's choice may be somebody else's lease, and is not revoked", async () => {
  const server = new HeldServer();
  const stop = new AbortController();
  const granting = new Leases(server.calls).grant(60, { id: 7n, signal: stop.signal });
  await until(() => server.granted.length === 1);
  stop.abort(new Error("given up"));
  await expect(granting).rejects.toThrow("given up");
  await new Promise((resolve) => setImmediate(resolve));
  expect([server.stopped, server.revoked.length]).toEqual([1, 0]);
});

test("a grant that nobody wants is not asked for", async () => {
  const server = new HeldServer();
  const signal = AbortSignal.abort(new Error("never wanted"));
  await expect(new Leases(server.calls).grant(60, { signal })).rejects.toThrow("never wanted");
  expect(server.granted).toEqual([]);
});
