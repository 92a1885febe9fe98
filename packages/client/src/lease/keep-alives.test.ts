/** The clock of leases, against a server of our own words: what counts is when renewals are sent, and when a lease counts as lost. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Calls } from "../calls.js";
import type { BidiStream } from "../transport.js";
import { KeepAlives, type KeptLease } from "./keep-alives.js";
import type { LeaseLoss } from "./lease-errors.js";

interface Renewal {
  readonly ID: bigint;
}

interface Answer {
  readonly ID: bigint;
  readonly TTL: bigint;
}

/** One stream as the test holds its other end. */
class ScriptedStream implements BidiStream<Renewal, Answer> {
  /** Milliseconds on the fake clock at which each renewal came. */
  readonly sentMs: number[] = [];
  readonly #answers: (Answer | "break")[] = [];
  #wake: () => void = () => undefined;
  isOver = false;

  answer(ttlSeconds: number, id = 1n): void {
    this.#answers.push({ ID: id, TTL: BigInt(ttlSeconds) });
    this.#wake();
  }

  break(): void {
    this.#answers.push("break");
    this.#wake();
  }

  send(): Promise<void> {
    this.sentMs.push(performance.now());
    return Promise.resolve();
  }

  end(): void {}

  cancel(): void {
    this.isOver = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Answer> {
    try {
      for (;;) {
        const answer = this.#answers.shift();
        if (answer === "break") throw new Error("the stream broke");
        if (answer !== undefined) yield answer;
        else if (this.isOver) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.isOver = true;
    }
  }
}

class ScriptedCalls {
  readonly streams: ScriptedStream[] = [];
  readonly #closed = new AbortController();

  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  get last(): ScriptedStream {
    const stream = this.streams.at(-1);
    if (stream === undefined) throw new Error("no stream was opened");
    return stream;
  }

  close(): void {
    this.#closed.abort(new Error("closed"));
  }

  bidi(): ScriptedStream {
    this.streams.push(new ScriptedStream());
    return this.last;
  }

  backOff(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, 100));
  }
}

let calls: ScriptedCalls;
let keepAlives: KeepAlives;
let losses: LeaseLoss[];
let lostMs: number;

beforeEach(() => {
  vi.useFakeTimers({ now: 0, toFake: ["setTimeout", "clearTimeout", "performance"] });
  calls = new ScriptedCalls();
  keepAlives = KeepAlives.of(calls as unknown as Calls);
  losses = [];
});

afterEach(() => {
  expect(losses.length).toBeLessThanOrEqual(1);
  calls.close();
  expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
  vi.useRealTimers();
});

/** A lease of nine seconds whose grant was sent now. */
function keep(renews = true): KeptLease {
  const lease: KeptLease = {
    id: 1n,
    ttlMs: 9000,
    deadlineMs: performance.now() + 9000,
    onLost: (loss) => {
      losses.push(loss);
      lostMs = performance.now();
    },
  };
  keepAlives.add(lease, renews);
  return lease;
}

test("a lease is renewed when a third of its time has passed, counted from when it was sent", async () => {
  const lease = keep();
  await vi.advanceTimersByTimeAsync(2990);
  expect(calls.streams).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(510);
  expect(calls.last.sentMs).toEqual([3000]);
  // The answer took half a second: the server may have begun to count right after the sending.
  calls.last.answer(9);
  await vi.advanceTimersByTimeAsync(1);
  expect(lease.deadlineMs).toBe(12_000);
  await vi.advanceTimersByTimeAsync(3000);
  expect(calls.last.sentMs).toEqual([3000, 6000]);
  expect(calls.streams).toHaveLength(1);
});

test("a stream that breaks is replaced, and what was under way is sent again at once", async () => {
  keep();
  await vi.advanceTimersByTimeAsync(3100);
  calls.last.break();
  await vi.advanceTimersByTimeAsync(150);
  expect(calls.streams).toHaveLength(2);
  expect(calls.last.sentMs).toEqual([3200]);
  calls.last.answer(9);
  await vi.advanceTimersByTimeAsync(8000);
  expect(losses).toEqual([]);
});

test("a stream that does not answer is given up", async () => {
  keep();
  await vi.advanceTimersByTimeAsync(6200);
  expect(calls.streams[0]?.isOver).toBe(true);
  expect(calls.streams).toHaveLength(2);
  expect(calls.last.sentMs).toHaveLength(1);
});

test("without an answer the lease is lost at its deadline, once", async () => {
  keep();
  await vi.advanceTimersByTimeAsync(8990);
  expect(losses).toEqual([]);
  await vi.advanceTimersByTimeAsync(5000);
  expect(losses).toEqual(["unrenewed"]);
  expect(lostMs).toBe(9000);
  expect(calls.streams.every(({ isOver }) => isOver)).toBe(true);
});

test("an answer that comes after the loss changes nothing", async () => {
  keep();
  await vi.advanceTimersByTimeAsync(9000);
  calls.last.answer(9);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(losses).toEqual(["unrenewed"]);
});

test("the server's word that a lease is gone is a loss at once", async () => {
  keep();
  await vi.advanceTimersByTimeAsync(3000);
  calls.last.answer(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(losses).toEqual(["expired"]);
  expect(calls.last.isOver).toBe(true);
});

test("a lease that is not to be renewed opens no stream, and expires", async () => {
  keep(false);
  await vi.advanceTimersByTimeAsync(9000);
  expect(losses).toEqual(["expired"]);
  expect(calls.streams).toHaveLength(0);
});

test("a lease that was removed is not reported, and leaves no stream and no timer", async () => {
  const lease = keep();
  await vi.advanceTimersByTimeAsync(3000);
  keepAlives.remove(lease);
  expect(calls.last.isOver).toBe(true);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(losses).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test("a lease of several holders is renewed once for all, as long as one of them is there", async () => {
  const first = keep();
  await vi.advanceTimersByTimeAsync(1000);
  const second = keep();
  expect(first.deadlineMs).toBe(10_000);
  keepAlives.remove(first);
  keepAlives.remove(first);
  await vi.advanceTimersByTimeAsync(3000);
  expect(calls.last.sentMs).toEqual([4000]);
  calls.last.answer(9);
  await vi.advanceTimersByTimeAsync(1);
  expect([first.deadlineMs, second.deadlineMs]).toEqual([10_000, 13_000]);
  // Nobody answers from here on: the one who is left hears of the loss.
  await vi.advanceTimersByTimeAsync(10_000);
  expect(losses).toEqual(["unrenewed"]);
});

test("a lease is not renewed any more for who only watches its time", async () => {
  const renewing = keep();
  keep(false);
  keepAlives.remove(renewing);
  await vi.advanceTimersByTimeAsync(9000);
  expect(losses).toEqual(["expired"]);
  expect(calls.streams).toHaveLength(0);
});

test("the end of the client ends its leases, those that come later too", async () => {
  keep();
  calls.close();
  expect(losses.splice(0)).toEqual(["ended"]);
  keep();
  expect(losses).toEqual(["ended"]);
  await vi.advanceTimersByTimeAsync(20_000);
});

test("a client and its namespaces share one stream", () => {
  expect(KeepAlives.of(calls as unknown as Calls)).toBe(keepAlives);
});
