import { getEventListeners } from "node:events";
import { create, ERRORS, etcdserverpb, GrpcStatus, type MessageInitShape } from "@quorate/proto";
import { afterEach, describe, expect, test, vi } from "vitest";
import { BalancedCalls } from "../connection/balanced-calls.js";
import { EndpointPool } from "../connection/endpoint-pool.js";
import { ClosedError, CompactedError } from "../errors/errors.js";
import { Keyspace } from "../namespace/keyspace.js";
import { FakeStream } from "../testing/fake-stream.js";
import { failure, FakeTransport, type FakeAnswer, type FakeCall } from "../testing/fake-transport.js";
import { WAITING_EVENTS_MAX } from "./limits.js";
import type { Watch } from "./watch.js";
import type { WatchBatch, WatchOptions } from "./watch-types.js";
import { Watches } from "./watches.js";

const { WatchResponseSchema } = etcdserverpb;
type Response = MessageInitShape<typeof WatchResponseSchema>;
type Request = MessageInitShape<typeof etcdserverpb.WatchRequestSchema>;

const ALL = -1n;
const header = (revision: number): { revision: bigint } => ({ revision: BigInt(revision) });
const created = (watchId: bigint, revision: number): Response => ({
  created: true,
  watchId,
  header: header(revision),
});
const progress = (watchId: bigint, revision: number): Response => ({ watchId, header: header(revision) });
const event = (revision: number, key = "a"): { kv: { key: Uint8Array; modRevision: bigint } } => ({
  kv: { key: new TextEncoder().encode(key), modRevision: BigInt(revision) },
});
/** As servers print it. */
const cancelReasonOf = (name: "permission-denied" | "invalid-auth-token", code: string): string =>
  `rpc error: code = ${code} desc = ${ERRORS[name].message}`;
const told = (watchId: bigint, ...events: ReturnType<typeof event>[]): Response => ({ watchId, events });

/** Watches on streams that the test plays the server of. */
class Server {
  readonly streams: FakeStream<Request, unknown>[] = [];
  readonly transport: FakeTransport;
  readonly calls: BalancedCalls;
  readonly #watches: Watches;

  constructor(
    answer: (call: FakeCall) => FakeAnswer = () => ({}),
    user?: { name: string; password: string },
  ) {
    this.transport = new FakeTransport(answer, () => {
      const stream = new FakeStream<Request, unknown>();
      this.streams.push(stream);
      return stream;
    });
    const pool = new EndpointPool(this.transport, ["a:1", "b:1"]);
    this.calls = new BalancedCalls({ pool, timeoutMs: 2000, user });
    this.#watches = new Watches(this.calls);
    servers.push(this);
  }

  watch(options: WatchOptions<string> = {}): Watch {
    return this.#watches.watch(new Keyspace(), { prefix: "" }, options);
  }

  /** The nth stream, once it is there. */
  async stream(n: number): Promise<FakeStream<Request, unknown>> {
    await expect.poll(() => this.streams[n]?.sent.length ?? 0).toBeGreaterThan(0);
    return this.streams[n] ?? new FakeStream();
  }

  async say(n: number, ...responses: Response[]): Promise<void> {
    const stream = await this.stream(n);
    stream.push(...responses.map((response) => create(WatchResponseSchema, response)));
  }

  startRevisions(n: number): (bigint | undefined)[] {
    return (this.streams[n]?.sent ?? []).flatMap(({ requestUnion }) =>
      requestUnion?.case === "createRequest" ? [requestUnion.value.startRevision] : [],
    );
  }
}

let servers: Server[] = [];
afterEach(() => {
  for (const { calls } of servers) calls.close();
  servers = [];
  vi.useRealTimers();
});

async function next(batches: AsyncIterator<WatchBatch<string>>): Promise<string> {
  const { value } = (await batches.next()) as { value?: WatchBatch<string> };
  return value === undefined ? "end" : `${value.revision}: ${value.events.map(({ kv }) => kv.key).join()}`;
}

describe("a watch", () => {
  test("goes on behind what it was told when its stream breaks", async () => {
    const server = new Server();
    const batches = server.watch({ startRevision: 5n }).batches();
    await server.say(0, created(1n, 4), told(1n, event(5, "a"), event(5, "b"), event(6, "c")));
    expect([await next(batches), await next(batches)]).toEqual(["5: a,b", "6: c"]);
    server.streams[0]?.fail(failure(GrpcStatus.Unavailable, "connection reset"));
    await server.say(1, created(1n, 9), told(1n, event(7, "d")));
    expect(server.startRevisions(1)).toEqual([7n]);
    expect(await next(batches)).toBe("7: d");
    const [first, second] = server.transport.calls.map(({ endpoint }) => endpoint);
    expect(second).not.toBe(first);
  });

  test("that is closed before it is ready says so, and has one consumer, then too", async () => {
    const server = new Server();
    const watch = server.watch();
    const { ready } = watch;
    watch.close();
    await expect(ready).rejects.toThrow(new ClosedError("the watch was closed"));
    await expect(watch.ready).rejects.toBeInstanceOf(ClosedError);
    const read = async (): Promise<number> => {
      let count = 0;
      for await (const each of watch) count += each.type.length;
      return count;
    };
    expect(await read()).toBe(0);
    await expect(read()).rejects.toThrow(new TypeError("a watch has one consumer"));
  });

  test("of what is new misses nothing once it is ready, though its stream breaks before the first event", async () => {
    const server = new Server();
    const watch = server.watch();
    await server.say(0, created(1n, 9));
    expect(await watch.ready).toBe(9n);
    server.streams[0]?.fail(failure(GrpcStatus.Unavailable, "connection reset"));
    await server.stream(1);
    expect(server.startRevisions(1)).toEqual([10n]);
  });

  test("goes on behind the progress that it was told of, which compaction may pass", async () => {
    const server = new Server();
    const watch = server.watch({ startRevision: 5n });
    const batches = watch.batches();
    await server.say(0, created(1n, 4), told(1n, event(5)), progress(1n, 50));
    expect(await next(batches)).toBe("5: a");
    server.streams[0]?.fail(failure(GrpcStatus.Unavailable, "connection reset"));
    await server.say(1, created(1n, 60), told(1n, event(51, "b")));
    expect(server.startRevisions(1)).toEqual([51n]);
    expect(await next(batches)).toBe("51: b");
    expect(watch.revision).toBe(51n);
  });

  test("hears the progress of its stream, as all others on it do", async () => {
    const server = new Server();
    const watches = [server.watch(), server.watch()];
    const reading = watches.map((watch) => next(watch.batches()));
    await server.say(0, created(1n, 4), created(2n, 4), progress(ALL, 50));
    for (const watch of watches) await expect.poll(() => watch.revision).toBe(50n);
    await server.say(0, told(1n, event(51)), told(2n, event(52)));
    expect(await Promise.all(reading)).toEqual(["51: a", "52: a"]);
  });

  test("is told its past although the stream's progress came before the server knew it", async () => {
    const server = new Server();
    const batches = server.watch({ startRevision: 5n }).batches();
    await server.say(0, progress(ALL, 100), created(1n, 100), told(1n, event(5, "old")));
    expect(await next(batches)).toBe("5: old");
  });

  test("is told events that older servers send behind the stream's progress", async () => {
    const server = new Server();
    const batches = server.watch().batches();
    await server.say(0, created(1n, 4), progress(ALL, 10), told(1n, event(7, "late")));
    expect(await next(batches)).toBe("7: late");
  });

  test("is told nothing twice", async () => {
    const server = new Server();
    const batches = server.watch().batches();
    await server.say(0, created(1n, 4), told(1n, event(5)), told(1n, event(5), event(6, "b")));
    expect([await next(batches), await next(batches)]).toEqual(["5: a", "6: b"]);
  });

  test("is told whole revisions of fragments, as soon as they are whole", async () => {
    const server = new Server();
    const batches = server.watch().batches();
    await server.say(0, created(1n, 4), {
      ...told(1n, event(5, "a"), event(6, "b")),
      fragment: true,
    });
    expect(await next(batches)).toBe("5: a");
    await server.say(0, { ...told(1n, event(6, "c")), fragment: true }, told(1n, event(6, "d")));
    expect(await next(batches)).toBe("6: b,c,d");
  });

  test("that is refused is the one that was asked for first: a refusal names none", async () => {
    const server = new Server();
    const refused = server.watch();
    const accepted = server.watch();
    const cancelReason = cancelReasonOf("permission-denied", "PermissionDenied");
    await server.say(0, { created: true, canceled: true, watchId: ALL, cancelReason }, created(2n, 4));
    await server.say(0, told(2n, event(5)));
    await expect(refused.ready).rejects.toMatchObject({ name: "PermissionError" });
    await expect(refused.batches().next()).rejects.toMatchObject({ reason: "permission-denied" });
    expect(await next(accepted.batches())).toBe("5: a");
  });

  test("of what is compacted says from where on there is something", async () => {
    const server = new Server();
    const watch = server.watch({ startRevision: 5n });
    await server.say(0, created(1n, 90), { canceled: true, watchId: 1n, compactRevision: 70n });
    const error: unknown = await watch
      .batches()
      .next()
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CompactedError);
    expect((error as CompactedError).compactRevision).toBe(70n);
  });

  test("that nobody reads is given up at the server, and begun again once there is room", async () => {
    const server = new Server();
    const other = server.watch();
    const watch = server.watch();
    const many = Array.from({ length: WAITING_EVENTS_MAX + 1 }, (_, i) => event(i + 5));
    await server.say(0, created(1n, 4), created(2n, 4), told(2n, ...many));
    const cancels = (): unknown[] =>
      (server.streams[0]?.sent ?? []).flatMap(({ requestUnion }) =>
        requestUnion?.case === "cancelRequest" ? [requestUnion.value.watchId] : [],
      );
    await expect.poll(cancels).toEqual([2n]);
    // What was on its way is not for it any more: it comes again.
    const following = WAITING_EVENTS_MAX + 6;
    await server.say(0, told(2n, event(following)), told(1n, event(following, "other")));
    expect(await next(other.batches())).toBe(`${following}: other`);
    const batches = watch.batches();
    for (let i = 0; i < many.length; i++) await next(batches);
    expect(server.startRevisions(0)).toEqual([0n, 0n, BigInt(following)]);
    await server.say(0, created(3n, following), told(3n, event(following, "again")));
    expect(await next(batches)).toBe(`${following}: again`);
  });

  test("begins anew with another token, and all beside it, when it is refused for its token", async () => {
    let logins = 0;
    const answer = (): FakeAnswer => ({ token: `t${++logins}` });
    const server = new Server(answer, { name: "u", password: "p" });
    const first = server.watch();
    await server.say(0, created(1n, 4));
    await first.ready;
    const second = server.watch({ startRevision: 2n });
    const cancelReason = cancelReasonOf("invalid-auth-token", "Unauthenticated");
    await server.say(0, { created: true, canceled: true, watchId: ALL, cancelReason });
    await server.stream(1);
    expect(server.streams[0]?.isCancelled).toBe(true);
    expect(server.startRevisions(1).sort()).toEqual([2n, 5n]);
    const tokens = server.transport.calls.flatMap(({ method, options }) =>
      method === "Watch" ? [options.metadata?.["token"]] : [],
    );
    expect(tokens).toEqual(["t1", "t2"]);
    await server.say(1, created(1n, 4), created(2n, 4));
    await Promise.all([first.ready, second.ready]);
  });
});

describe("many watches", () => {
  test("share a stream, which ends with the last of them", async () => {
    const server = new Server();
    const watches = Array.from({ length: 1000 }, () => server.watch());
    await server.say(0, ...watches.map((_, i) => created(BigInt(i + 1), 4)));
    await Promise.all(watches.map(({ ready }) => ready));
    for (const watch of watches) watch.close();
    expect(server.streams).toHaveLength(1);
    expect(server.streams[0]?.isCancelled).toBe(true);
  });

  test("leave no timer, and have one listener at their signal", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const server = new Server();
    const ending = new AbortController();
    const closed = getEventListeners(server.calls.closed, "abort").length;
    const watches = Array.from({ length: 1000 }, () => server.watch({ signal: ending.signal }));
    // Polling has an interval of its own.
    while (server.streams[0]?.sent.length !== 1000) await new Promise((resolve) => setImmediate(resolve));
    expect(getEventListeners(ending.signal, "abort")).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(1);
    for (const watch of watches) watch.close();
    await Promise.allSettled(watches.map(({ ready }) => ready));
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(server.calls.closed, "abort").length).toBeLessThanOrEqual(closed + 1);
  });

  test("end together with their signal", async () => {
    const server = new Server();
    const ending = new AbortController();
    const ends = Array.from({ length: 10 }, () => server.watch({ signal: ending.signal }).batches().next());
    await server.stream(0);
    const reason = new Error("enough");
    ending.abort(reason);
    for (const end of ends) await expect(end).rejects.toBe(reason);
    expect(server.streams[0]?.isCancelled).toBe(true);
  });
});
