/**
 * A watcher that writes down everything it is told, and goes on where it was after its stream broke.
 *
 * A stream over a connection that is cut off says nothing for minutes. So every watcher asks for its progress now and then;
 * one that hears neither events nor progress for `SILENCE_MS_MAX` opens a new stream.
 */
import type { ClientDuplexStream } from "@grpc/grpc-js";
import { create, etcdserverpb, fromBinary, toBinary } from "@quorate/proto";
import type { MessageInitShape } from "@quorate/proto";
import type { WatcherLog, WatchRecord } from "@quorate/sim";
import { WireClient, pathOf } from "../harness/wire-client.js";
import { prefixEnd, toBytes, toStoreEvent } from "@quorate/sim";

const ASK_PROGRESS_MS = 200;
const SILENCE_MS_MAX = 5_000;
const REOPEN_AFTER_MS = 100;
/** Records of one watcher; beyond it the watcher ends, and is only judged by what it was told until then. */
const RECORDS_MAX = 2_000_000;

export interface WatcherOptions {
  readonly name: string;
  readonly endpoint: number;
  readonly address: string;
  readonly prefix: string;
  readonly startRevision: number;
  readonly wantsPrevious: boolean;
  /** Without it a stream that says nothing is never given up. */
  readonly asksProgress: boolean;
}

export class Watcher {
  readonly #options: WatcherOptions;
  readonly #records: WatchRecord[] = [];
  #client: WireClient;
  #stream: ClientDuplexStream<Buffer, Buffer> | undefined;
  #reachedRevision: number;
  #heardMs = 0;
  #isClosed = false;
  #reopenTimer: NodeJS.Timeout | undefined;
  readonly #progressTimer: NodeJS.Timeout | undefined;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#reachedRevision = options.startRevision - 1;
    this.#client = new WireClient(options.address);
    if (options.asksProgress) this.#progressTimer = setInterval(() => this.#askProgress(), ASK_PROGRESS_MS);
    this.#open();
  }

  /** Everything up to here was told. */
  get reachedRevision(): number {
    return this.#reachedRevision;
  }

  get endpoint(): number {
    return this.#options.endpoint;
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#progressTimer);
    clearTimeout(this.#reopenTimer);
    this.#stream?.cancel();
    this.#client.close();
  }

  /** @param finalRevision up to where it must have been told everything, if it is still there. */
  toLog(finalRevision: number): WatcherLog {
    const { name, endpoint, prefix, wantsPrevious } = this.#options;
    const mustReachRevision = this.#records.length < RECORDS_MAX ? finalRevision : 0;
    return { name, endpoint, prefix, wantsPrevious, records: this.#records, mustReachRevision };
  }

  #open(): void {
    const { prefix, wantsPrevious } = this.#options;
    const startRevision = this.#reachedRevision + 1;
    this.#note({ kind: "opened", startRevision });
    this.#heardMs = performance.now();
    const stream = this.#client.openBidiStream(pathOf(etcdserverpb.Watch.method.watch));
    this.#stream = stream;
    stream.on("data", (bytes: Buffer) => {
      if (stream === this.#stream) this.#hear(fromBinary(etcdserverpb.WatchResponseSchema, bytes));
    });
    stream.on("error", (error: Error) => this.#breakOff(stream, error.message));
    stream.on("end", () => this.#breakOff(stream, "the stream ended"));
    send(stream, {
      requestUnion: {
        case: "createRequest",
        value: {
          key: toBytes(prefix),
          rangeEnd: prefixEnd(prefix),
          startRevision: BigInt(startRevision),
          prevKv: wantsPrevious,
          fragment: true,
        },
      },
    });
  }

  #hear(response: etcdserverpb.WatchResponse): void {
    this.#heardMs = performance.now();
    const revision = Number(response.header?.revision ?? 0n);
    if (response.created) this.#note({ kind: "created", revision });
    if (response.canceled) {
      const compactRevision = Number(response.compactRevision);
      this.#note({ kind: "canceled", compactRevision, reason: response.cancelReason });
      if (compactRevision > 0) this.#reachedRevision = Math.max(this.#reachedRevision, compactRevision - 1);
      this.#reopenLater();
      return;
    }
    if (response.created) return;
    if (response.events.length === 0) {
      this.#note({ kind: "progress", revision });
      this.#reachedRevision = Math.max(this.#reachedRevision, revision);
      return;
    }
    const events = response.events.map((event) => toStoreEvent(event, this.#options.wantsPrevious));
    const isFragment = response.fragment;
    this.#note({ kind: "events", revision, events, isFragment });
    // The last revision of a fragment may have more events in the next one.
    const last = events.at(-1)!.modRevision - (isFragment ? 1 : 0);
    this.#reachedRevision = Math.max(this.#reachedRevision, last);
  }

  #askProgress(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    if (performance.now() - this.#heardMs > SILENCE_MS_MAX) {
      // A connection of which nothing is heard is not asked again.
      this.#breakOff(stream, `nothing was heard for ${SILENCE_MS_MAX} ms`);
      this.#client.close();
      this.#client = new WireClient(this.#options.address);
      return;
    }
    send(stream, { requestUnion: { case: "progressRequest", value: {} } });
  }

  #breakOff(stream: ClientDuplexStream<Buffer, Buffer>, error: string): void {
    if (stream !== this.#stream) return;
    this.#stream = undefined;
    stream.cancel();
    if (this.#isClosed) return;
    this.#note({ kind: "broken", error });
    this.#reopenLater();
  }

  #reopenLater(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.cancel();
    if (this.#isClosed) return;
    this.#reopenTimer = setTimeout(() => this.#open(), REOPEN_AFTER_MS);
  }

  #note(record: WatchRecord): void {
    if (this.#records.length < RECORDS_MAX) this.#records.push(record);
    else this.close();
  }
}

function send(
  stream: ClientDuplexStream<Buffer, Buffer>,
  request: MessageInitShape<typeof etcdserverpb.WatchRequestSchema>,
): void {
  const bytes = toBinary(etcdserverpb.WatchRequestSchema, create(etcdserverpb.WatchRequestSchema, request));
  stream.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}
