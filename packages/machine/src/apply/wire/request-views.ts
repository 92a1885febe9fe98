/**
 * Requests as byte ranges into the buffer they came in: decoding one makes nothing but the view, and the hot path uses the
 * same view over and over. A view is good for as long as its buffer is.
 *
 * Decoding merges, as protobuf does: a scalar that comes twice keeps its last value. Call `reset` before a new message.
 */
import type { WireReader } from "./wire-reader.js";

const EMPTY = new Uint8Array(0);

export const SORT_ORDER_NONE = 0;
export const SORT_ORDER_ASCEND = 1;
export const SORT_ORDER_DESCEND = 2;
export const SORT_TARGET_KEY = 0;
export const SORT_TARGET_VERSION = 1;
export const SORT_TARGET_CREATE = 2;
export const SORT_TARGET_MOD = 3;
export const SORT_TARGET_VALUE = 4;

// Cases below are whole tags, field << 3 | wire type (0 for numbers, 2 for bytes), as literals so that they compile to a jump.

/** The common part of requests about one key or an interval. */
interface IntervalView {
  buffer: Uint8Array;
  keyStart: number;
  keyEnd: number;
  endStart: number;
  endEnd: number;
}

export class PutView {
  readonly kind = "put";
  buffer: Uint8Array = EMPTY;
  keyStart = 0;
  keyEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  lease = 0n;
  prevKv = false;
  ignoreValue = false;
  ignoreLease = false;

  reset(): void {
    this.buffer = EMPTY;
    this.keyStart = this.keyEnd = this.valueStart = this.valueEnd = 0;
    this.lease = 0n;
    this.prevKv = this.ignoreValue = this.ignoreLease = false;
  }
}

/** Merges the PutRequest in the reader's range into `view`; throws `WireError`. */
export function decodePut(reader: WireReader, view: PutView): void {
  view.buffer = reader.buffer;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        // field 1
        const length = reader.length();
        view.keyStart = reader.position;
        view.keyEnd = reader.position += length;
        break;
      }
      case 18: {
        // field 2
        const length = reader.length();
        view.valueStart = reader.position;
        view.valueEnd = reader.position += length;
        break;
      }
      case 24: // field 3
        view.lease = reader.bigInt64();
        break;
      case 32: // field 4
        view.prevKv = reader.bool();
        break;
      case 40: // field 5
        view.ignoreValue = reader.bool();
        break;
      case 48: // field 6
        view.ignoreLease = reader.bool();
        break;
      default:
        reader.skip(tag);
    }
  }
}

export class RangeView implements IntervalView {
  readonly kind = "range";
  buffer: Uint8Array = EMPTY;
  keyStart = 0;
  keyEnd = 0;
  endStart = 0;
  endEnd = 0;
  limit = 0;
  revision = 0;
  sortOrder = 0;
  sortTarget = 0;
  serializable = false;
  keysOnly = false;
  countOnly = false;
  minModRevision = 0;
  maxModRevision = 0;
  minCreateRevision = 0;
  maxCreateRevision = 0;

  reset(): void {
    this.buffer = EMPTY;
    this.keyStart = this.keyEnd = this.endStart = this.endEnd = 0;
    this.limit = this.revision = this.sortOrder = this.sortTarget = 0;
    this.serializable = this.keysOnly = this.countOnly = false;
    this.minModRevision = this.maxModRevision = this.minCreateRevision = this.maxCreateRevision = 0;
  }
}

/** Merges the RangeRequest in the reader's range into `view`; throws `WireError`. */
export function decodeRange(reader: WireReader, view: RangeView): void {
  view.buffer = reader.buffer;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: // field 1
        decodeKey(reader, view);
        break;
      case 18: // field 2
        decodeRangeEnd(reader, view);
        break;
      case 24: // field 3
        view.limit = reader.int64();
        break;
      case 32: // field 4
        view.revision = reader.int64();
        break;
      case 40: // field 5
        view.sortOrder = reader.int32();
        break;
      case 48: // field 6
        view.sortTarget = reader.int32();
        break;
      case 56: // field 7
        view.serializable = reader.bool();
        break;
      case 64: // field 8
        view.keysOnly = reader.bool();
        break;
      case 72: // field 9
        view.countOnly = reader.bool();
        break;
      case 80: // field 10
        view.minModRevision = reader.int64();
        break;
      case 88: // field 11
        view.maxModRevision = reader.int64();
        break;
      case 96: // field 12
        view.minCreateRevision = reader.int64();
        break;
      case 104: // field 13
        view.maxCreateRevision = reader.int64();
        break;
      default:
        reader.skip(tag);
    }
  }
}

export class DeleteView implements IntervalView {
  readonly kind = "delete";
  buffer: Uint8Array = EMPTY;
  keyStart = 0;
  keyEnd = 0;
  endStart = 0;
  endEnd = 0;
  prevKv = false;

  reset(): void {
    this.buffer = EMPTY;
    this.keyStart = this.keyEnd = this.endStart = this.endEnd = 0;
    this.prevKv = false;
  }
}

/** Merges the DeleteRangeRequest in the reader's range into `view`; throws `WireError`. */
export function decodeDelete(reader: WireReader, view: DeleteView): void {
  view.buffer = reader.buffer;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: // field 1
        decodeKey(reader, view);
        break;
      case 18: // field 2
        decodeRangeEnd(reader, view);
        break;
      case 24: // field 3
        view.prevKv = reader.bool();
        break;
      default:
        reader.skip(tag);
    }
  }
}

function decodeKey(reader: WireReader, view: IntervalView): void {
  const length = reader.length();
  view.keyStart = reader.position;
  view.keyEnd = reader.position += length;
}

function decodeRangeEnd(reader: WireReader, view: IntervalView): void {
  const length = reader.length();
  view.endStart = reader.position;
  view.endEnd = reader.position += length;
}

export class CompactionView {
  revision = 0;
  physical = false;
}

/** Merges the CompactionRequest in the reader's range into `view`; throws `WireError`. */
export function decodeCompaction(reader: WireReader, view: CompactionView): void {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === 8) view.revision = reader.int64();
    else if (tag === 16) view.physical = reader.bool();
    else reader.skip(tag);
  }
}

/** True when a request names exactly one key: its range_end is empty or absent. */
export function isPoint(view: { readonly endStart: number; readonly endEnd: number }): boolean {
  return view.endStart === view.endEnd;
}

/** True for the one range_end that is special: a single zero byte means "from key on". */
export function isOpenEnded(view: {
  readonly buffer: Uint8Array;
  readonly endStart: number;
  readonly endEnd: number;
}): boolean {
  return view.endEnd - view.endStart === 1 && view.buffer[view.endStart] === 0;
}

/** The interval [from, to) as copies; `to` is undefined without an upper bound. Not for points. */
export function copyInterval(view: Readonly<IntervalView>): { from: Uint8Array; to: Uint8Array | undefined } {
  return {
    from: view.buffer.slice(view.keyStart, view.keyEnd),
    to: isOpenEnded(view) ? undefined : view.buffer.slice(view.endStart, view.endEnd),
  };
}
