/**
 * Many watchers on few connections, as clients have them: several streams each, and many watchers on a stream.
 *
 * A stream asks for the next watchers when the ones before are there, so that what is on its way fits a stream's first window.
 */
import { H2Connection } from "./h2-connection.js";
import { paths, watchCreate } from "./messages.js";
import { WatchReader } from "./watch-reader.js";

export interface CrowdOptions {
  readonly port: number;
  readonly watchers: number;
  readonly connections: number;
  readonly streamsEach: number;
  /** What the watcher with this number watches. */
  key(index: number): string;
  /** @param value of the key; a view that is valid during the call only. */
  onEvent?(value: Uint8Array): void;
  /** False for a crowd that stops to read. */
  readonly grantsWindows?: boolean;
}

/** Watchers asked for at once on a stream: some 20 KB. */
const batchCount = 400;
const openTimeoutMs = 600_000;

export class WatcherCrowd {
  readonly #options: CrowdOptions;
  readonly #connections: H2Connection[] = [];
  #created = 0;
  #failure: Error | undefined;
  #resolve: () => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  private constructor(options: CrowdOptions) {
    this.#options = options;
  }

  /** Resolves when all watchers are there. */
  static async open(options: CrowdOptions): Promise<WatcherCrowd> {
    const crowd = new WatcherCrowd(options);
    try {
      const all = new Promise<void>((resolve, reject) => {
        crowd.#resolve = resolve;
        crowd.#reject = reject;
      });
      const connecting = Array.from({ length: options.connections }, (_, index) => crowd.#connect(index));
      const timer = setTimeout(() => {
        crowd.#fail(new Error(`${crowd.#created} of ${options.watchers} watchers, then silence`));
      }, openTimeoutMs);
      try {
        await Promise.all([all, ...connecting]);
      } finally {
        clearTimeout(timer);
      }
      return crowd;
    } catch (error) {
      crowd.close();
      throw error;
    }
  }

  /** @throws the reason why a watcher or a connection was lost since it was opened. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  async #connect(index: number): Promise<void> {
    const { port, connections, streamsEach, watchers, grantsWindows = true } = this.#options;
    const readers = new Map<number, WatchReader>();
    const listener = {
      onData: (stream: number, bytes: Uint8Array): void => readers.get(stream)?.read(bytes),
      onEnd: (stream: number): void =>
        this.#fail(new Error(`the server ended the watch on stream ${stream}`)),
    };
    const connection = await H2Connection.open(port, paths.watch, listener, { grantsWindows });
    connection.onFailure((error) => this.#fail(error));
    this.#connections.push(connection);
    const streamCount = connections * streamsEach;
    for (let place = index; place < streamCount; place += connections) {
      // Watchers are dealt out in turn: stream `place` gets numbers `place`, `place + streamCount` and so on.
      if (place < watchers) this.#open(connection, { first: place, step: streamCount, readers });
    }
    connection.flush();
  }

  #open(connection: H2Connection, plan: StreamPlan): void {
    const { watchers, key, onEvent } = this.#options;
    let next = plan.first;
    let waiting = 0;
    const askMore = (): void => {
      for (; waiting < batchCount && next < watchers; next += plan.step, waiting++) {
        const message = watchCreate(key(next));
        if (next === plan.first) stream = connection.call(message, { open: true });
        else connection.send(stream, message);
      }
    };
    let stream = 0;
    askMore();
    const reader = new WatchReader({
      onCreated: () => {
        this.#created++;
        waiting--;
        if (this.#created === watchers) this.#resolve();
        if (waiting === 0) askMore();
      },
      onEvent: (value) => onEvent?.(value),
      onCanceled: (reason) => this.#fail(new Error(`a watcher was canceled: ${reason}`)),
    });
    plan.readers.set(stream, reader);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#reject(error);
  }
}

interface StreamPlan {
  readonly first: number;
  readonly step: number;
  readonly readers: Map<number, WatchReader>;
}
