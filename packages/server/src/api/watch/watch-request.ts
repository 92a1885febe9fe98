/**
 * Reads a WatchRequest from its bytes. Written by hand because a stream may begin with a hundred thousand of them, and because
 * ids are exact 64-bit numbers.
 */
import type { WireReader } from "@quorate/machine";
import type { WatchId, WatchSpec } from "@quorate/machine";

const TAG_CREATE = 0x0a;
const TAG_CANCEL = 0x12;
const TAG_PROGRESS = 0x1a;

const TAG_KEY = 0x0a;
const TAG_RANGE_END = 0x12;
const TAG_START_REVISION = 0x18;
const TAG_PROGRESS_NOTIFY = 0x20;
const TAG_FILTER = 0x28;
const TAG_FILTERS_PACKED = 0x2a;
const TAG_PREV_KV = 0x30;
const TAG_CREATE_ID = 0x38;
const TAG_FRAGMENT = 0x40;
const TAG_CANCEL_ID = 0x08;

const FILTER_NOPUT = 0;
const FILTER_NODELETE = 1;
type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

export type WatchRequest =
  /** `startRevision` may be negative here; `key` and `rangeEnd` are views of the message. */
  | { readonly kind: "create"; readonly spec: WatchSpec }
  | { readonly kind: "cancel"; readonly id: WatchId }
  | { readonly kind: "progress" }
  /** What later versions of the protocol may ask. */
  | { readonly kind: "unknown" };

const EMPTY = new Uint8Array(0);
const UNKNOWN: WatchRequest = { kind: "unknown" };
const NO_ID = { low: 0, high: 0 } as const;
const NOTHING: WatchSpec = {
  key: EMPTY,
  rangeEnd: EMPTY,
  startRevision: 0,
  id: NO_ID,
  noPut: false,
  noDelete: false,
  withPrevious: false,
  fragment: false,
  progress: false,
};

/** Throws `WireError`. Of several requests in one message the last counts, merged with one of its kind right before it, as in any oneof. */
export function decodeWatchRequest(reader: WireReader, message: Uint8Array): WatchRequest {
  reader.reset(message, 0, message.length);
  let request: WatchRequest = UNKNOWN;
  while (reader.position < message.length) {
    const tag = reader.tag();
    if (tag !== TAG_CREATE && tag !== TAG_CANCEL && tag !== TAG_PROGRESS) {
      reader.skip(tag);
      continue;
    }
    const end = reader.length() + reader.position;
    reader.end = end;
    if (tag === TAG_CREATE)
      request = {
        kind: "create",
        spec: decodeCreate(reader, request.kind === "create" ? request.spec : NOTHING),
      };
    else if (tag === TAG_CANCEL)
      request = { kind: "cancel", id: decodeCancel(reader, request.kind === "cancel" ? request.id : NO_ID) };
    else {
      while (reader.position < end) reader.skip(reader.tag());
      request = { kind: "progress" };
    }
    reader.end = message.length;
  }
  return request;
}

function decodeCreate(reader: WireReader, before: WatchSpec): WatchSpec {
  const spec: Writable<WatchSpec> = { ...before };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case TAG_KEY:
        spec.key = bytesOf(reader);
        break;
      case TAG_RANGE_END:
        spec.rangeEnd = bytesOf(reader);
        break;
      case TAG_START_REVISION:
        spec.startRevision = reader.int64();
        break;
      case TAG_PROGRESS_NOTIFY:
        spec.progress = reader.bool();
        break;
      case TAG_FILTER:
        addFilter(spec, reader.int32());
        break;
      case TAG_FILTERS_PACKED:
        for (const end = reader.length() + reader.position; reader.position < end;)
          addFilter(spec, reader.int32());
        break;
      case TAG_PREV_KV:
        spec.withPrevious = reader.bool();
        break;
      case TAG_CREATE_ID:
        spec.id = idOf(reader);
        break;
      case TAG_FRAGMENT:
        spec.fragment = reader.bool();
        break;
      default:
        reader.skip(tag);
    }
  }
  return spec;
}

/** Filters that nobody knows filter nothing. */
function addFilter(spec: Writable<WatchSpec>, filter: number): void {
  if (filter === FILTER_NOPUT) spec.noPut = true;
  else if (filter === FILTER_NODELETE) spec.noDelete = true;
}

function decodeCancel(reader: WireReader, before: WatchId): WatchId {
  let id = before;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === TAG_CANCEL_ID) id = idOf(reader);
    else reader.skip(tag);
  }
  return id;
}

function bytesOf(reader: WireReader): Uint8Array {
  const size = reader.length();
  const start = reader.position;
  reader.position = start + size;
  return reader.buffer.subarray(start, start + size);
}

function idOf(reader: WireReader): WatchId {
  reader.words();
  return { low: reader.lowWord | 0, high: reader.highWord | 0 };
}
