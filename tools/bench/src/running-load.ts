/** A load that goes on until it is stopped, as fast as it is answered or at a rate of its own. */
import { H2Connection } from "./h2-connection.js";
import { latenciesOf, type Latencies } from "./percentiles.js";

export interface RunningLoadOptions {
  readonly port: number;
  readonly path: string;
  readonly connections: number;
  /**
   * `streams`: each connection keeps so many requests in flight. `perSecond`: so many start, over all connections, whatever
   * became of those before; each is timed from when it should have started.
   */
  readonly pace: { readonly streams: number } | { readonly perSecond: number };
  message(index: number): Uint8Array;
  /** Called when a request starts, with the time it counts from. */
  onStart?(index: number, atMs: number): void;
}

/** How often a paced load looks what is due. */
const tickMs = 1;
/** A server this far behind is not keeping up, and the run fails instead of filling the memory. */
const inFlightMax = 20_000;
const drainTimeoutMs = 60_000;

interface Started {
  readonly atMs: number;
}

export class RunningLoad {
  readonly #options: RunningLoadOptions;
  readonly #connections: H2Connection[] = [];
  readonly #endedMs: number[] = [];
  readonly #microseconds: number[] = [];
  readonly #begunMs = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #started = 0;
  #stopping = false;
  #failure: Error | undefined;
  #drained: () => void = () => undefined;

  private constructor(options: RunningLoadOptions) {
    this.#options = options;
  }

  static async start(options: RunningLoadOptions): Promise<RunningLoad> {
    const load = new RunningLoad(options);
    const begins = await Promise.all(Array.from({ length: options.connections }, () => load.#connect()));
    if ("streams" in options.pace) {
      for (const { connection, begin } of begins) {
        for (let stream = 0; stream < options.pace.streams; stream++) begin(performance.now());
        connection.flush();
      }
    } else {
      const { perSecond } = options.pace;
      load.#timer = setInterval(() => load.#startDue(perSecond, begins), tickMs);
    }
    return load;
  }

  /** Requests answered so far. */
  get completed(): number {
    return this.#endedMs.length;
  }

  /** Answers per second between two times. */
  rateBetween(fromMs: number, toMs: number): number {
    const count = this.#endedMs.filter((ended) => ended >= fromMs && ended < toMs).length;
    return (count * 1_000) / (toMs - fromMs);
  }

  /** Of the requests that ended between two times. */
  latenciesBetween(fromMs: number, toMs: number): Latencies {
    const chosen = this.#microseconds.filter((_, index) => {
      const ended = this.#endedMs[index] ?? 0;
      return ended >= fromMs && ended < toMs;
    });
    return latenciesOf(Float64Array.from(chosen));
  }

  /** Lets what is in flight end. @throws Error when a connection broke or a request was refused at any time. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#timer);
    const drained = new Promise<void>((resolve) => (this.#drained = resolve));
    if (this.completed === this.#started || this.#failure !== undefined) this.#drained();
    const timer = setTimeout(
      () => this.#fail(new Error("requests were not answered in the end")),
      drainTimeoutMs,
    );
    await drained;
    clearTimeout(timer);
    for (const connection of this.#connections) connection.close();
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #connect(): Promise<{ connection: H2Connection; begin: (atMs: number) => void }> {
    const started = new Map<number, Started>();
    const replied = new Set<number>();
    const begin = (atMs: number): void => {
      const index = this.#started++;
      this.#options.onStart?.(index, atMs);
      started.set(connection.call(this.#options.message(index)), { atMs });
    };
    const connection = await H2Connection.open(this.#options.port, this.#options.path, {
      onData: (stream) => replied.add(stream),
      onEnd: (stream) => {
        if (!replied.delete(stream)) this.#fail(new Error(`a request to ${this.#options.path} was refused`));
        const nowMs = performance.now();
        this.#endedMs.push(nowMs);
        this.#microseconds.push((nowMs - (started.get(stream)?.atMs ?? nowMs)) * 1_000);
        started.delete(stream);
        if (this.#stopping && this.completed === this.#started) this.#drained();
        if (!this.#stopping && "streams" in this.#options.pace) begin(nowMs);
      },
    });
    connection.onFailure((error) => this.#fail(error));
    this.#connections.push(connection);
    return { connection, begin };
  }

  #startDue(
    perSecond: number,
    begins: readonly { connection: H2Connection; begin: (atMs: number) => void }[],
  ): void {
    if (this.#started - this.completed > inFlightMax) this.#fail(new Error("the server does not keep up"));
    if (this.#failure !== undefined) return;
    const nowMs = performance.now();
    for (;;) {
      const dueMs = this.#begunMs + (this.#started * 1_000) / perSecond;
      if (dueMs > nowMs) break;
      begins[this.#started % begins.length]?.begin(dueMs);
    }
    for (const { connection } of begins) connection.flush();
  }

  #fail(error: Error): void {
    if (this.#stopping && this.completed === this.#started) return;
    this.#failure ??= error;
    this.#drained();
  }
}
