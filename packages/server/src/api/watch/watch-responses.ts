/**
 * Encodes WatchResponses. Those with events consist of a prefix that differs from watcher to watcher and a body that does not:
 *
 *     0a header | 10 watch_id | 38 fragment || 5a event | 5a event ...
 *
 * The header of the moment is made once and copied in front of each body.
 */
import { HEADROOM_BYTES, WireWriter, varintSize, writeVarint, writeVarintWords } from "@quorate/machine";
import type { HeaderSource } from "../header.js";

const TAG_HEADER = 0x0a;
const TAG_CLUSTER_ID = 0x08;
const TAG_MEMBER_ID = 0x10;
const TAG_REVISION = 0x18;
const TAG_RAFT_TERM = 0x20;
const TAG_WATCH_ID = 0x10;
const TAG_CREATED = 0x18;
const TAG_CANCELED = 0x20;
const TAG_COMPACT_REVISION = 0x28;
const TAG_CANCEL_REASON = 0x32;
const TAG_FRAGMENT = 0x38;
const SMALL_BYTES = 128;

export class WatchResponses {
  readonly #source: Pick<HeaderSource, "clusterId" | "memberId" | "raftTerm">;
  readonly #ids: Uint8Array;
  readonly #out: WireWriter = new WireWriter(SMALL_BYTES);
  /** The header made last, as field 1 of a response. */
  readonly #header: Uint8Array = new Uint8Array(HEADROOM_BYTES);
  #headerSize = 0;
  #headerRevision = -1;
  #headerTerm = -1;

  constructor(source: Pick<HeaderSource, "clusterId" | "memberId" | "raftTerm">) {
    this.#source = source;
    const ids = new WireWriter(24);
    ids.bigInt64(TAG_CLUSTER_ID, source.clusterId);
    ids.bigInt64(TAG_MEMBER_ID, source.memberId);
    this.#ids = ids.copy();
  }

  created(idLow: number, idHigh: number, revision: number): Uint8Array {
    const out = this.#begin(revision);
    this.#id(out, idLow, idHigh);
    out.bool(TAG_CREATED, true);
    return out.copy();
  }

  /** The answer to a request that creates nothing; it has id -1, whatever id was asked for. */
  refused(reason: string, revision: number): Uint8Array {
    const out = this.#begin(revision);
    this.#id(out, -1, -1);
    out.bool(TAG_CREATED, true);
    out.bool(TAG_CANCELED, true);
    // Reasons are ASCII.
    out.bytes(
      TAG_CANCEL_REASON,
      Uint8Array.from(reason, (each) => each.charCodeAt(0)),
      0,
      reason.length,
    );
    return out.copy();
  }

  cancelled(idLow: number, idHigh: number, revision: number): Uint8Array {
    const out = this.#begin(revision);
    this.#id(out, idLow, idHigh);
    out.bool(TAG_CANCELED, true);
    return out.copy();
  }

  /** The one response whose header has no revision. */
  compacted(idLow: number, idHigh: number, compactRevision: number): Uint8Array {
    const out = this.#begin(0);
    this.#id(out, idLow, idHigh);
    out.bool(TAG_CANCELED, true);
    out.uint(TAG_COMPACT_REVISION, compactRevision);
    return out.copy();
  }

  progress(idLow: number, idHigh: number, revision: number): Uint8Array {
    const out = this.#begin(revision);
    this.#id(out, idLow, idHigh);
    return out.copy();
  }

  /** What comes before the events of a response, in a buffer of its own. */
  prefix(idLow: number, idHigh: number, revision: number, isFragment: boolean): Uint8Array {
    const out = this.#begin(revision);
    this.#id(out, idLow, idHigh);
    out.bool(TAG_FRAGMENT, isFragment);
    return out.copy();
  }

  /** Writes the prefix so that it ends at `end`, which has at least `HEADROOM_BYTES` before it. @returns where it begins. */
  writePrefix(target: Uint8Array, end: number, idLow: number, idHigh: number, revision: number): number {
    this.#makeHeader(revision);
    const idSize = idLow === 0 && idHigh === 0 ? 0 : 1 + wordsSize(idLow, idHigh);
    const start = end - idSize - this.#headerSize;
    const header = this.#header;
    let at = start;
    for (let i = 0; i < this.#headerSize; i++) target[at++] = header[i] as number;
    if (idSize > 0) {
      target[at++] = TAG_WATCH_ID;
      writeVarintWords(target, at, idLow, idHigh);
    }
    return start;
  }

  #begin(revision: number): WireWriter {
    this.#makeHeader(revision);
    const out = this.#out;
    out.reset();
    out.raw(this.#header, 0, this.#headerSize);
    return out;
  }

  #makeHeader(revision: number): void {
    const term = this.#source.raftTerm;
    if (revision === this.#headerRevision && term === this.#headerTerm) return;
    this.#headerRevision = revision;
    this.#headerTerm = term;
    const ids = this.#ids;
    const size = ids.length + fieldSize(revision) + fieldSize(term);
    const header = this.#header;
    header[0] = TAG_HEADER;
    header[1] = size;
    header.set(ids, 2);
    let at = 2 + ids.length;
    at = writeField(header, at, TAG_REVISION, revision);
    this.#headerSize = writeField(header, at, TAG_RAFT_TERM, term);
  }

  #id(out: WireWriter, low: number, high: number): void {
    if (low === 0 && high === 0) return;
    out.varint(TAG_WATCH_ID);
    out.reserve(10);
    out.length = writeVarintWords(out.buffer, out.length, low, high);
  }
}

function fieldSize(value: number): number {
  return value === 0 ? 0 : 1 + varintSize(value);
}

function writeField(target: Uint8Array, at: number, tag: number, value: number): number {
  if (value === 0) return at;
  target[at] = tag;
  return writeVarint(target, at + 1, value);
}

/** Bytes of the varint of a 64-bit number in two words. */
function wordsSize(low: number, high: number): number {
  if (high === 0) return varintSize(low >>> 0);
  return Math.ceil((64 - Math.clz32(high)) / 7);
}
