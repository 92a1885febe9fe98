/**
 * Unary load with a body of its own per request, over `H2Connection`: distinct keys, and the loading of large key spaces.
 *
 * Closed loop, like h2load: each connection keeps `streams` requests in flight and starts another when one ends. It shares the
 * measuring process's thread, costs about twice the processor time of h2load, and is the same for both servers.
 */
import { H2Connection } from "./h2-connection.js";
import type { LoadResult, LoadShape } from "./h2load.js";

export interface UnaryLoad extends LoadShape {
  readonly port: number;
  readonly path: string;
  readonly requests: number;
  /** The message of request `index`, from 0. */
  message(index: number): Uint8Array;
}

/** @throws Error when a connection breaks or a request ends without a reply. */
export async function runUnaryLoad(load: UnaryLoad): Promise<LoadResult> {
  const run = new Run(load);
  const opening = Array.from({ length: load.connections }, () => run.connect());
  await Promise.all(opening);
  return run.finish();
}

class Run {
  readonly #load: UnaryLoad;
  readonly #connections: H2Connection[] = [];
  /** One per connection: fills its streams. */
  readonly #begin: (() => void)[] = [];
  readonly #microseconds: Float64Array;
  #started = 0;
  #ended = 0;
  #dataBytes = 0;
  #resolve: () => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  constructor(load: UnaryLoad) {
    this.#load = load;
    this.#microseconds = new Float64Array(load.requests);
  }

  async connect(): Promise<void> {
    const starts = new Map<number, number>();
    const replied = new Set<number>();
    const connection = await H2Connection.open(this.#load.port, this.#load.path, {
      onData: (stream, bytes) => {
        this.#dataBytes += bytes.length;
        replied.add(stream);
      },
      onEnd: (stream) => {
        if (!replied.delete(stream)) this.#reject(new Error(`a request to ${this.#load.path} was refused`));
        this.#microseconds[this.#ended++] = (performance.now() - (starts.get(stream) ?? Number.NaN)) * 1000;
        starts.delete(stream);
        if (this.#ended === this.#load.requests) this.#resolve();
        else this.#start(connection, starts);
      },
    });
    this.#connections.push(connection);
    this.#begin.push(() => {
      for (let stream = 0; stream < this.#load.streams; stream++) this.#start(connection, starts);
      connection.flush();
    });
  }

  async finish(): Promise<LoadResult> {
    const done = new Promise<void>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    for (const connection of this.#connections) connection.onFailure((error) => this.#reject(error));
    const startedMs = performance.now();
    for (const begin of this.#begin) begin();
    try {
      await done;
    } finally {
      for (const connection of this.#connections) connection.close();
    }
    const seconds = (performance.now() - startedMs) / 1000;
    return {
      requests: this.#load.requests,
      seconds,
      microseconds: this.#microseconds,
      dataBytes: this.#dataBytes,
    };
  }

  #start(connection: H2Connection, starts: Map<number, number>): void {
    if (this.#started === this.#load.requests) return;
    const message = this.#load.message(this.#started++);
    starts.set(connection.call(message), performance.now());
  }
}
