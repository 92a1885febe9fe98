/**
 * One key, many watchers: how many events per second reach them.
 *
 * A writer puts the key in a closed loop with a few requests in flight, so that several revisions may share a response, as under
 * real load. A run ends when all events have arrived; they are counted in the responses themselves, message by message.
 */
import { H2Connection } from "./h2-connection.js";
import { EventCounter } from "./event-counter.js";
import { paths, putRequest, watchCreate } from "./messages.js";
import type { ServerProcess } from "./server-process.js";
import { runUnaryLoad } from "./unary-load.js";
import { value } from "./workloads.js";

export interface FanOutFigures {
  readonly watchers: number;
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly cpuMicrosecondsPerEvent: number;
}

export const watcherCount = 1000;
const connectionCount = 10;
const streamsEach = 10;
const watchersPerStream = watcherCount / (connectionCount * streamsEach);
const putsInFlight = 4;
const key = "watched";
const warmUpPuts = 50;
const silenceMsMax = 30_000;

/** @throws Error when a watcher's stream breaks or events stop coming before all have arrived. */
export async function measureFanOut(server: ServerProcess, seconds: number): Promise<FanOutFigures> {
  const watchers = await Watchers.open(server.port);
  try {
    const warm = await run(server, watchers, warmUpPuts);
    const puts = Math.max(warmUpPuts, Math.round(warm.eventsPerSecond * (seconds / watcherCount)));
    return await run(server, watchers, puts);
  } finally {
    watchers.close();
  }
}

async function run(server: ServerProcess, watchers: Watchers, puts: number): Promise<FanOutFigures> {
  const cpuBefore = server.figures().cpuSeconds;
  const startedMs = performance.now();
  const delivered = watchers.expect(puts * watcherCount);
  const message = putRequest(key, value);
  const load = { port: server.port, path: paths.put, connections: 1, streams: putsInFlight, requests: puts };
  await Promise.all([runUnaryLoad({ ...load, message: () => message }), delivered]);
  const elapsed = (performance.now() - startedMs) / 1000;
  const events = puts * watcherCount;
  return {
    watchers: watcherCount,
    events,
    eventsPerSecond: events / elapsed,
    cpuMicrosecondsPerEvent: ((server.figures().cpuSeconds - cpuBefore) * 1e6) / events,
  };
}

/** Streams with a few watchers each, spread over a few connections. */
class Watchers {
  readonly #connections: H2Connection[] = [];
  #created = 0;
  #events = 0;
  #expectedEvents = Number.POSITIVE_INFINITY;
  #silence: NodeJS.Timeout | undefined;
  #failure: Error | undefined;
  #resolve: () => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  static async open(port: number): Promise<Watchers> {
    const watchers = new Watchers();
    try {
      const connecting = Array.from({ length: connectionCount }, () => watchers.#connect(port));
      await Promise.all([watchers.#wait(), ...connecting]);
      return watchers;
    } catch (error) {
      watchers.close();
      throw error;
    }
  }

  /** Resolves when so many events have arrived, counted from now. */
  expect(events: number): Promise<void> {
    this.#events = 0;
    this.#expectedEvents = events;
    return this.#wait();
  }

  close(): void {
    clearTimeout(this.#silence);
    for (const connection of this.#connections) connection.close();
  }

  async #connect(port: number): Promise<void> {
    const counters = new Map<number, EventCounter>();
    const connection = await H2Connection.open(port, paths.watch, {
      onData: (stream, bytes) => {
        const counter = counters.get(stream);
        if (counter === undefined) throw new Error(`data for stream ${stream}, which was never opened`);
        const { created, events } = counter.read(bytes);
        this.#count(created, events);
      },
      onEnd: (stream) => this.#fail(new Error(`the server ended the watch on stream ${stream}`)),
    });
    connection.onFailure((error) => this.#fail(error));
    this.#connections.push(connection);
    for (let index = 0; index < streamsEach; index++) {
      const stream = connection.call(watchCreate(key), { open: true });
      counters.set(stream, new EventCounter());
      for (let further = 1; further < watchersPerStream; further++) connection.send(stream, watchCreate(key));
    }
    connection.flush();
  }

  #count(created: number, events: number): void {
    this.#created += created;
    this.#events += events;
    const ready = this.#expectedEvents === Number.POSITIVE_INFINITY && this.#created === watcherCount;
    if (ready || this.#events >= this.#expectedEvents) this.#resolve();
    this.#silence?.refresh();
  }

  #wait(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      clearTimeout(this.#silence);
      const complain = (): void =>
        reject(new Error(`watchers: ${this.#created} created, ${this.#events} events, then silence`));
      this.#silence = setTimeout(complain, silenceMsMax);
    });
  }

  #fail(error: Error): void {
    this.#failure = error;
    this.#reject(error);
  }
}
