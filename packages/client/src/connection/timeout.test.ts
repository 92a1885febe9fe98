import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createClient } from "../index.js";
import { checkTimeout, startTimer, TIMER_MAX_MS } from "./timeout.js";

describe("a timer", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  test.each([0, 5, TIMER_MAX_MS, TIMER_MAX_MS + 1, 3 * TIMER_MAX_MS])(
    "of %d ms fires then, and once",
    (ms) => {
      const onTime = vi.fn();
      startTimer(ms, onTime);
      vi.advanceTimersByTime(Math.max(0, ms - 1));
      expect(onTime).toHaveBeenCalledTimes(ms === 0 ? 1 : 0);
      vi.advanceTimersByTime(TIMER_MAX_MS);
      expect(onTime).toHaveBeenCalledTimes(1);
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  test("never fires without a time, nor when it was ended", () => {
    const onTime = vi.fn();
    startTimer(undefined, onTime);
    startTimer(Infinity, onTime);
    expect(vi.getTimerCount()).toBe(0);
    startTimer(3 * TIMER_MAX_MS, onTime)();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(4 * TIMER_MAX_MS);
    expect(onTime).not.toHaveBeenCalled();
  });
});

test("what is a time and what is none", () => {
  for (const timeoutMs of [undefined, 0, -1, 0.5, 1e12, Infinity])
    expect(checkTimeout(timeoutMs)).toBe(timeoutMs);
  for (const nonsense of [Number.NaN, "5", null, {}])
    expect(() => checkTimeout(nonsense as number)).toThrow(TypeError);
});

describe.each(["grpc-js", "sockets"] as const)("a client over %s", (transport) => {
  test("rejects a call whose time is no number, and lives on", async () => {
    const client = createClient({ endpoints: "127.0.0.1:1", transport });
    const none = { timeoutMs: Number.NaN };
    await expect(client.get("a", none)).rejects.toThrow(TypeError);
    await expect(client.put("a", "1", none)).rejects.toThrow(TypeError);
    await expect(client.lock("a", none)).rejects.toThrow(TypeError);
    await expect(client.get("a", { timeoutMs: 1000 })).rejects.toMatchObject({
      name: "UnavailableError",
      // The library ends its text with the title of a note, and no note.
      message: expect.stringMatching(/ECONNREFUSED[^]*[^:.\s]$/) as string,
    });
    client.close();
  });

  test("gives up a lock in its own time while nobody is there", async () => {
    await using client = createClient({ endpoints: "127.0.0.1:1", transport, timeoutMs: 50_000 });
    const wait = { timeoutMs: 200 };
    // Nobody has said that it was taken.
    const gaveUp = { name: "UnavailableError", message: expect.stringContaining("ECONNREFUSED") as string };
    await expect(client.lock("a", wait)).rejects.toMatchObject(gaveUp);
    await expect(client.tryLock("a", wait)).rejects.toMatchObject(gaveUp);
    await expect(client.election("a").campaign("me", wait)).rejects.toMatchObject(gaveUp);
  });

  test("does not say of a lock that it was taken when a server says nothing", async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => void sockets.add(socket));
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    const client = createClient({ endpoints: `127.0.0.1:${port}`, transport, timeoutMs: 50_000 });
    const wait = { timeoutMs: 200 };
    for (const waiting of [
      client.lock("a", wait),
      client.tryLock("a", wait),
      client.election("a").campaign("me", wait),
    ]) {
      const error = await waiting.catch((reason: unknown) => reason);
      expect(["DeadlineError", "UnavailableError"]).toContain((error as Error).name);
    }
    client.close();
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  test("is not made of nonsense", () => {
    const wrong = [
      undefined,
      {},
      { endpoints: undefined },
      { endpoints: 5 },
      { endpoints: [5] },
      { endpoints: [] },
    ];
    for (const options of wrong)
      expect(() => createClient({ ...options, transport } as never), JSON.stringify(options)).toThrow(
        /endpoint/,
      );
    expect(() => createClient({ endpoints: "a:99999", transport })).toThrow(/no endpoint/);
    expect(() => createClient({ endpoints: "a:1", timeoutMs: Number.NaN, transport })).toThrow(TypeError);
  });
});

test("a client of nothing says what it needs", () => {
  expect(() => createClient(undefined as never)).toThrow(/endpoints/);
});
