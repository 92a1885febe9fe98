/** A watch whose every response is kept as it came. */
import { create, etcdserverpb, fromBinary, toBinary, type MessageInitShape } from "@quorate/proto";
import type { SimClient, SimStream } from "../cluster/sim-client.js";
import type { StoreEvent } from "../history/watcher-log.js";
import { prefixEnd, toBytes, toStoreEvent } from "../load/key-value-wire.js";

const WATCH_PATH = "/etcdserverpb.Watch/Watch";

export interface Watching {
  readonly prefix: string;
  /** 0 for what happens from now on. */
  readonly startRevision: number;
  readonly wantsPrevious?: boolean;
}

export class Listener {
  readonly responses: etcdserverpb.WatchResponse[] = [];
  end: string | undefined;
  readonly #stream: SimStream;
  readonly #wantsPrevious: boolean;

  constructor(client: SimClient, { prefix, startRevision, wantsPrevious = false }: Watching) {
    this.#wantsPrevious = wantsPrevious;
    this.#stream = client.open(WATCH_PATH, {
      onMessage: (bytes) => this.responses.push(fromBinary(etcdserverpb.WatchResponseSchema, bytes)),
      onEnd: (_, text) => (this.end = text),
    });
    const range = { key: toBytes(prefix), rangeEnd: prefixEnd(prefix) };
    const value = { ...range, startRevision: BigInt(startRevision), prevKv: wantsPrevious };
    this.#send({ requestUnion: { case: "createRequest", value } });
  }

  askProgress(): void {
    this.#send({ requestUnion: { case: "progressRequest", value: {} } });
  }

  /** Takes nothing from its connection until `resume`: the member has to wait. */
  starve(): void {
    this.#stream.starve();
  }

  resume(): void {
    this.#stream.feed();
  }

  close(): void {
    this.#stream.cancel();
  }

  get isCreated(): boolean {
    return this.responses.some(({ created }) => created);
  }

  /** Where it was told that its revision is compacted; undefined if it was not. */
  get compactRevision(): number | undefined {
    const canceled = this.responses.find(({ compactRevision }) => compactRevision > 0n);
    return canceled === undefined ? undefined : Number(canceled.compactRevision);
  }

  get events(): readonly StoreEvent[] {
    return this.responses.flatMap(({ events }) =>
      events.map((event) => toStoreEvent(event, this.#wantsPrevious)),
    );
  }

  /** In order: `put k 5` and `delete k 6`. */
  get told(): readonly string[] {
    return this.events.map(({ kind, key, modRevision }) => `${kind} ${key} ${modRevision}`);
  }

  /** Revisions of progress, in order. */
  get bookmarks(): readonly number[] {
    return this.responses
      .filter((each) => isBookmark(each))
      .map(({ header }) => Number(header?.revision ?? 0n));
  }

  /** What broke the promises that a watch makes, whoever watches: order, and nothing new behind a bookmark. */
  faults(): string[] {
    const faults: string[] = [];
    let last = 0;
    let bookmark = 0;
    for (const response of this.responses) {
      if (isBookmark(response)) bookmark = Number(response.header?.revision ?? 0n);
      for (const { kv } of response.events) {
        const revision = Number(kv?.modRevision ?? 0n);
        if (revision < last) faults.push(`revision ${revision} was told behind ${last}`);
        if (revision <= bookmark) faults.push(`revision ${revision} was told behind progress at ${bookmark}`);
        last = Math.max(last, revision);
      }
    }
    return faults;
  }

  #send(request: MessageInitShape<typeof etcdserverpb.WatchRequestSchema>): void {
    const schema = etcdserverpb.WatchRequestSchema;
    this.#stream.send(toBinary(schema, create(schema, request)));
  }
}

function isBookmark({ created, canceled, events }: etcdserverpb.WatchResponse): boolean {
  return !created && !canceled && events.length === 0;
}
