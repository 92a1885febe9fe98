/**
 * Sends spans to a collector, some at a time: when a batch is full, and at the latest after `EXPORT_EVERY_MS`. Traces are worth less than
 * requests, so nothing waits for them: a collector that is slow or gone costs spans, which are counted and told of now and then.
 *
 * Limits: `SPANS_WAITING_MAX` in memory, one export at a time, `EXPORT_TIMEOUT_MS` for each. They are those of OpenTelemetry's own batches.
 */
import { connect, constants, type ClientHttp2Session } from "node:http2";
import type { ReportPort } from "../../member/ports.js";
import { encodeExport, type SpanSource } from "./otlp-encoding.js";
import type { RecordedSpan } from "./recorded-span.js";

export const SPANS_WAITING_MAX = 2048;
export const BATCH_SPANS_MAX = 512;
export const EXPORT_EVERY_MS = 5000;
const EXPORT_TIMEOUT_MS = 10_000;
/** Between two lines about a collector that takes nothing. */
const REPORT_EVERY_MS = 60_000;
const PATH = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const PREFIX_BYTES = 5;

export interface SpanExportOptions {
  /** `host:port`. */
  readonly address: string;
  readonly source: SpanSource;
  readonly report: Pick<ReportPort, "warn">;
  readonly exportEveryMs?: number;
}

export class SpanExport {
  readonly #options: SpanExportOptions;
  readonly #timer: NodeJS.Timeout;
  #waiting: RecordedSpan[] = [];
  #sending: Promise<void> | undefined;
  #session: ClientHttp2Session | undefined;
  #lost = 0;
  #toldAtMs = -Infinity;
  #closed = false;

  constructor(options: SpanExportOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#flush(), options.exportEveryMs ?? EXPORT_EVERY_MS).unref();
  }

  /** Spans that were dropped, or that the collector did not take. */
  get lost(): number {
    return this.#lost;
  }

  add(span: RecordedSpan): void {
    if (this.#closed || this.#waiting.length === SPANS_WAITING_MAX) {
      this.#lost += 1;
      return;
    }
    this.#waiting.push(span);
    if (this.#waiting.length >= BATCH_SPANS_MAX) this.#flush();
  }

  /** Sends what there is; resolves when that is done or has failed. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#sending;
    while (this.#waiting.length > 0 && (await this.#sendBatch()));
    this.#lost += this.#waiting.length;
    this.#session?.destroy();
  }

  #flush(): void {
    if (this.#sending !== undefined || this.#waiting.length === 0) return;
    this.#sending = this.#sendBatch().then(() => {
      this.#sending = undefined;
      if (this.#waiting.length >= BATCH_SPANS_MAX) this.#flush();
    });
  }

  /** @returns whether the collector took it. */
  async #sendBatch(): Promise<boolean> {
    const spans = this.#waiting.splice(0, BATCH_SPANS_MAX);
    try {
      await this.#export(encodeExport(spans, this.#options.source));
      return true;
    } catch (error) {
      this.#lost += spans.length;
      this.#tell(error);
      return false;
    }
  }

  #tell(error: unknown): void {
    const nowMs = performance.now();
    if (nowMs - this.#toldAtMs < REPORT_EVERY_MS) return;
    this.#toldAtMs = nowMs;
    const { address, report } = this.#options;
    report.warn("failed to export traces", { address, "lost-spans": this.#lost, error });
  }

  #connect(): ClientHttp2Session {
    const known = this.#session;
    if (known !== undefined && !known.destroyed && !known.closed) return known;
    const session = connect(`http://${this.#options.address}`);
    // Calls on it fail by themselves.
    session.on("error", () => undefined);
    session.unref();
    this.#session = session;
    return session;
  }

  #export(message: Uint8Array): Promise<void> {
    const framed = Buffer.alloc(PREFIX_BYTES + message.length);
    framed.writeUInt32BE(message.length, 1);
    framed.set(message, PREFIX_BYTES);
    return new Promise((resolve, reject) => {
      const stream = this.#connect().request({
        [constants.HTTP2_HEADER_METHOD]: "POST",
        [constants.HTTP2_HEADER_PATH]: PATH,
        "content-type": "application/grpc",
        te: "trailers",
      });
      let status: string | undefined;
      const note = (headers: Record<string, unknown>): void => {
        if (typeof headers["grpc-status"] === "string") status = headers["grpc-status"];
      };
      stream.setTimeout(EXPORT_TIMEOUT_MS, () => stream.close(constants.NGHTTP2_CANCEL));
      stream.on("response", note);
      stream.on("trailers", note);
      stream.on("error", reject);
      stream.on("close", () => {
        if (status === "0") resolve();
        else reject(new Error(`the collector answered with gRPC status ${status ?? "none"}`));
      });
      stream.resume();
      stream.end(framed);
    });
  }
}
