/** A watcher of the load's keys at one member: writes down what it is told, and goes on where it was when its stream breaks. */
import { create, etcdserverpb, fromBinary, toBinary, type MessageInitShape } from "@quorate/proto";
import type { SimCluster } from "../cluster/sim-cluster.js";
import type { SimStream } from "../cluster/sim-client.js";
import type { WatcherLog, WatchRecord } from "../history/watcher-log.js";
import { prefixEnd, toBytes, toStoreEvent } from "../load/key-value-wire.js";

const ASK_PROGRESS_MS = 500;
/** A stream over a line that is cut says nothing. */
const SILENCE_MS_MAX = 3000;
const REOPEN_AFTER_MS = 100;
const WATCH_PATH = "/etcdserverpb.Watch/Watch";

export interface WatcherOptions {
  readonly name: string;
  /** Which of the cluster's members. */
  readonly endpoint: number;
  readonly prefix: string;
  readonly startRevision: number;
  readonly wantsPrevious: boolean;
}

export class Watcher {
  readonly #cluster: SimCluster;
  readonly #options: WatcherOptions;
  readonly #records: WatchRecord[] = [];
  #stream: SimStream | undefined;
  #reachedRevision: number;
  #heardMs = 0;
  #isClosed = false;

  constructor(cluster: SimCluster, options: WatcherOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.#reachedRevision = options.startRevision - 1;
    this.#open();
    this.#askProgress();
  }

  /** Everything up to here was told. */
  get reachedRevision(): number {
    return this.#reachedRevision;
  }

  get endpoint(): number {
    return this.#options.endpoint;
  }

  /** Whether it met a compaction: some events were never told. */
  get lostSome(): boolean {
    return this.#records.some((record) => record.kind === "canceled" && record.compactRevision > 0);
  }

  close(): void {
    this.#isClosed = true;
    this.#stream?.cancel();
  }

  toLog(mustReachRevision: number): WatcherLog {
    const { name, endpoint, prefix, wantsPrevious } = this.#options;
    return { name, endpoint, prefix, wantsPrevious, records: this.#records, mustReachRevision };
  }

  #open(): void {
    if (this.#isClosed) return;
    const { prefix, wantsPrevious, endpoint, name } = this.#options;
    const member = this.#cluster.members[endpoint];
    if (member === undefined) throw new Error(`no member ${endpoint}`);
    const startRevision = this.#reachedRevision + 1;
    this.#records.push({ kind: "opened", startRevision });
    this.#heardMs = this.#cluster.time.nowMs;
    const stream: SimStream = this.#cluster.client(name, member).open(WATCH_PATH, {
      onMessage: (bytes) => {
        if (stream === this.#stream) this.#hear(fromBinary(etcdserverpb.WatchResponseSchema, bytes));
      },
      onEnd: (_, text) => this.#breakOff(stream, text),
    });
    this.#stream = stream;
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
    this.#heardMs = this.#cluster.time.nowMs;
    const revision = Number(response.header?.revision ?? 0n);
    if (response.created) this.#records.push({ kind: "created", revision });
    if (response.canceled) {
      const compactRevision = Number(response.compactRevision);
      this.#records.push({ kind: "canceled", compactRevision, reason: response.cancelReason });
      if (compactRevision > 0) this.#reachedRevision = Math.max(this.#reachedRevision, compactRevision - 1);
      this.#reopenLater();
      return;
    }
    if (response.created) return;
    if (response.events.length === 0) {
      this.#records.push({ kind: "progress", revision });
      this.#reachedRevision = Math.max(this.#reachedRevision, revision);
      return;
    }
    const events = response.events.map((event) => toStoreEvent(event, this.#options.wantsPrevious));
    const isFragment = response.fragment;
    this.#records.push({ kind: "events", revision, events, isFragment });
    const last = (events.at(-1)?.modRevision ?? 0) - (isFragment ? 1 : 0);
    this.#reachedRevision = Math.max(this.#reachedRevision, last);
  }

  #askProgress(): void {
    if (this.#isClosed) return;
    this.#cluster.time.after(ASK_PROGRESS_MS, () => this.#askProgress());
    const stream = this.#stream;
    if (stream === undefined) return;
    if (this.#cluster.time.nowMs - this.#heardMs > SILENCE_MS_MAX)
      this.#breakOff(stream, "nothing was heard");
    else send(stream, { requestUnion: { case: "progressRequest", value: {} } });
  }

  #breakOff(stream: SimStream, error: string): void {
    if (stream !== this.#stream || this.#isClosed) return;
    this.#records.push({ kind: "broken", error });
    this.#reopenLater();
  }

  #reopenLater(): void {
    this.#stream?.cancel();
    this.#stream = undefined;
    this.#cluster.time.after(REOPEN_AFTER_MS, () => this.#open());
  }
}

function send(stream: SimStream, request: MessageInitShape<typeof etcdserverpb.WatchRequestSchema>): void {
  stream.send(toBinary(etcdserverpb.WatchRequestSchema, create(etcdserverpb.WatchRequestSchema, request)));
}
