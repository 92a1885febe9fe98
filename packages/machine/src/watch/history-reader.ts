/**
 * Reads old events from the store, whole revisions at a time, for watchers that are behind what is kept of the recent ones. Only
 * what somebody watches is kept, so a long history of other keys costs reading and no memory.
 */
import { assert } from "@quorate/std";
import type { StoreDriver, StoreReads } from "../mvcc/store-api.js";
import { readUint64, TOMBSTONE_KEY_SIZE } from "../mvcc/revision-key.js";
import { WireReader } from "../apply/wire/wire-reader.js";
import { EventBlock, eventBytesMax } from "./event-block.js";
import { HISTORY_BYTES_MAX, HISTORY_EVENTS_MAX, HISTORY_ROWS_MAX } from "./limits.js";

const TAG_KEY = 0x0a;
const TAG_CREATE = 0x10;
const TAG_MOD = 0x18;
const BLOCK_BYTES_AT_FIRST: number = 16 * 1024;

export interface HistoryRange {
  /** First and last revision; nothing from `from` on has been compacted away when the reading begins. */
  readonly from: number;
  readonly to: number;
  /** The block ends with the revision that brings it to this many bytes. */
  readonly bytesMax?: number;
}

export interface History {
  readonly block: EventBlock;
  /** Every revision from `from` to here has been read. */
  readonly endRevision: number;
}

/** The rows of a store. */
export type HistorySource = Pick<StoreReads, "compactRevision" | "openReadView"> &
  Pick<StoreDriver, "history">;

/** @param wants whether anybody watches the key bytes[start, end). */
export async function readHistory(
  store: HistorySource,
  range: HistoryRange,
  wants: (bytes: Uint8Array, start: number, end: number) => boolean,
): Promise<History> {
  const { from, to, bytesMax = HISTORY_BYTES_MAX } = range;
  assert(from >= store.compactRevision, "history read from below the compacted revision");
  const block = new EventBlock(BLOCK_BYTES_AT_FIRST);
  const row = new RecordView();
  let rowCount = 0;
  let lastMain = from;
  // A compaction that comes while we read moves C, but frees nothing that we still need.
  const view = store.openReadView(Math.max(from - 1, store.compactRevision));
  try {
    for await (const { keys, values } of store.history(from, to + 1)) {
      for (let i = 0; i < keys.length; i++) {
        const key = keys[i] as Uint8Array;
        const main = readUint64(key, 0, "revision key");
        const isFull =
          rowCount >= HISTORY_ROWS_MAX || block.count >= HISTORY_EVENTS_MAX || block.used >= bytesMax;
        if (main !== lastMain && isFull) return { block, endRevision: main - 1 };
        lastMain = main;
        rowCount += 1;
        const record = values[i] as Uint8Array;
        row.read(record);
        if (!wants(record, row.keyStart, row.keyEnd)) continue;
        const isDelete = key.length === TOMBSTONE_KEY_SIZE - 1;
        block.reserve(eventBytesMax(record.length));
        const at = block.begin(main, isDelete, record.length);
        block.bytes.set(record, at);
        block.finish(at, isDelete || row.createRevision !== row.modRevision);
      }
    }
    return { block, endRevision: to };
  } finally {
    view.release();
  }
}

/** What has to be known of a stored record. */
class RecordView {
  keyStart = 0;
  keyEnd = 0;
  createRevision = 0;
  modRevision = 0;
  readonly #reader: WireReader = new WireReader();

  read(record: Uint8Array): void {
    const reader = this.#reader;
    reader.reset(record, 0, record.length);
    this.keyStart = this.keyEnd = this.createRevision = this.modRevision = 0;
    while (reader.position < record.length) {
      const tag = reader.tag();
      if (tag === TAG_KEY) {
        const size = reader.length();
        this.keyStart = reader.position;
        this.keyEnd = reader.position += size;
      } else if (tag === TAG_CREATE) this.createRevision = reader.int64();
      else if (tag === TAG_MOD) {
        this.modRevision = reader.int64();
        // Fields ascend: what follows is of no interest here, and may be long.
        return;
      } else reader.skip(tag);
    }
  }
}
