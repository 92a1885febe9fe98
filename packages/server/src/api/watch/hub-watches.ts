/** Watches for services of this member itself (locks, elections), straight from the hub: a stream with one watcher for each. */
import {
  type WatchBody,
  type WatchHub,
  type WatchSink,
  type WatchStream,
  WireReader,
} from "@quorate/machine";
import { ERRORS } from "@quorate/proto";
import type { WatchListener, WatchPort, WatchedEvent } from "../lock/watch-port.js";

const TAG_EVENTS = 0x5a;
const TAG_TYPE = 0x08;
const TAG_KV = 0x12;
const TAG_MOD_REVISION = 0x18;
const EMPTY = new Uint8Array(0);

export class HubWatches implements WatchPort {
  readonly #hub: WatchHub;
  readonly #open = new Set<LocalWatch>();

  constructor(hub: WatchHub) {
    this.#hub = hub;
  }

  watch(...[{ from, to }, startRevision, listener]: Parameters<WatchPort["watch"]>): () => void {
    const watch = new LocalWatch(this.#hub, listener, () => void this.#open.delete(watch));
    this.#open.add(watch);
    watch.start(from, to, startRevision);
    return () => {
      watch.cancel();
    };
  }

  /** The member stops: tells all who watch. */
  close(): void {
    for (const watch of [...this.#open]) watch.close("");
  }
}

class LocalWatch implements WatchSink {
  readonly #listener: WatchListener;
  readonly #stream: WatchStream;
  readonly #onGone: () => void;
  readonly #reader: WireReader = new WireReader();

  constructor(hub: WatchHub, listener: WatchListener, onGone: () => void) {
    this.#listener = listener;
    this.#onGone = onGone;
    this.#stream = hub.openStream(this);
  }

  start(from: Uint8Array, to: Uint8Array | undefined, startRevision: number): void {
    this.#stream.create({
      key: from,
      rangeEnd: to ?? EMPTY,
      startRevision,
      id: { low: 0, high: 0 },
      noPut: false,
      noDelete: false,
      withPrevious: false,
      fragment: false,
      progress: false,
    });
  }

  cancel(): void {
    this.#stream.close();
    this.#onGone();
  }

  close(reason: string): void {
    this.cancel();
    this.#listener.onClosed(reason);
  }

  sendEvents(_idLow: number, _idHigh: number, body: WatchBody): boolean {
    this.#listener.onEvents(readEvents(this.#reader, body));
    return true;
  }

  sendCompacted(): boolean {
    this.close(ERRORS.compacted.message);
    return true;
  }

  sendProgress(): boolean {
    return true;
  }
}

/** The events of a body, as views of it. */
function readEvents(reader: WireReader, { buffer, start, end }: WatchBody): WatchedEvent[] {
  const events: WatchedEvent[] = [];
  let at = start;
  while (at < end) {
    reader.reset(buffer, at, end);
    const tag = reader.tag();
    if (tag !== TAG_EVENTS) break;
    at = reader.length() + reader.position;
    reader.end = at;
    events.push(readEvent(reader));
  }
  return events;
}

function readEvent(reader: WireReader): WatchedEvent {
  let isDelete = false;
  let record: Uint8Array = EMPTY;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === TAG_TYPE) isDelete = reader.bool();
    else if (tag === TAG_KV) {
      const size = reader.length();
      record = reader.buffer.subarray(reader.position, reader.position + size);
      reader.position += size;
    } else reader.skip(tag);
  }
  return { isDelete, record, revision: readModRevision(reader, record) };
}

function readModRevision(reader: WireReader, record: Uint8Array): number {
  reader.reset(record, 0, record.length);
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === TAG_MOD_REVISION) return reader.int64();
    reader.skip(tag);
  }
  return 0;
}
