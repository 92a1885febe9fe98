/**
 * Puts at a steady rate in a process of their own, so that what their parent does meanwhile is not measured: arguments are the port, the
 * token and the puts per second. Each is timed from when it should have started. A message from the parent asks for the latencies of
 * those that ended since the message before.
 */
import { connect, type ClientHttp2Session } from "node:http2";
import { callOn } from "../grpc-call.js";
import { paths, putRequest } from "../messages.js";
import { latenciesOf, type Latencies } from "../percentiles.js";
import { value } from "../workloads.js";

export type PutsAnswer = { readonly latencies: Latencies } | { readonly failure: string };

const tickMs = 1;

class PacedPuts {
  readonly #session: ClientHttp2Session;
  readonly #token: string;
  readonly #perSecond: number;
  readonly #begunMs = performance.now();
  #count = 0;
  #microseconds: number[] = [];
  #failure: string | undefined;

  constructor(session: ClientHttp2Session, token: string, perSecond: number) {
    this.#session = session;
    this.#token = token;
    this.#perSecond = perSecond;
    setInterval(() => this.#startDue(), tickMs);
  }

  take(): PutsAnswer {
    if (this.#failure !== undefined) return { failure: this.#failure };
    const latencies = latenciesOf(Float64Array.from(this.#microseconds));
    this.#microseconds = [];
    return { latencies };
  }

  #startDue(): void {
    for (;;) {
      const dueMs = this.#begunMs + (this.#count * 1_000) / this.#perSecond;
      if (dueMs > performance.now()) return;
      this.#count += 1;
      callOn(this.#session, {
        path: paths.put,
        message: putRequest("beside", value),
        token: this.#token,
      }).then(
        () => this.#microseconds.push((performance.now() - dueMs) * 1_000),
        (error: unknown) => (this.#failure ??= String(error)),
      );
    }
  }
}

const [, , port, token = "", perSecond] = process.argv;
const puts = new PacedPuts(connect(`http://127.0.0.1:${port}`), token, Number(perSecond));
process.on("message", () => process.send?.(puts.take()));
process.on("disconnect", () => process.exit(0));
