/**
 * Request ids: the low 16 bits of the member id, then a 48-bit suffix that no earlier run of this member has used.
 *
 * The suffix starts at the low 40 bits of the wall clock in milliseconds, shifted by 8, and grows by one before each use:
 * 256 ids a millisecond on average without reuse after a restart. Two members must never share an id, or a waiter would get
 * a foreign result. Source: etcd `pkg/idutil`.
 *
 * A suffix is a safe integer; the whole id is only ever seen as varint bytes, so that no request needs a bigint.
 */

const SUFFIX_LIMIT = 2 ** 48;
/** Field 100 (`header`) of InternalRaftRequest, length-delimited. */
const HEADER_TAG = (100 << 3) | 2;
/** Field 1 (`ID`) of RequestHeader, varint. */
const ID_TAG = 0x08;
const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
const WIRE_BYTES = 2;
const WIRE_FIXED32 = 5;

/** Not a suffix: the entry has no request id, or one of another member. */
export const NO_SUFFIX = -1;

export class RequestIds {
  #suffix: number;
  /** The 16 high bits of all ids of this member. */
  readonly high: number;

  /** @param unixMs wall clock; @param memberId this member's id. */
  constructor(memberId: bigint, unixMs: number) {
    this.high = Number(memberId & 0xffffn);
    this.#suffix = (unixMs % 2 ** 40) * 256;
  }

  nextSuffix(): number {
    this.#suffix = (this.#suffix + 1) % SUFFIX_LIMIT;
    return this.#suffix;
  }

  /** The next id as a whole, for the rare callers that need one (lease ids, configuration changes). */
  nextId(): bigint {
    return (BigInt(this.high) << 48n) | BigInt(this.nextSuffix());
  }

  /** The suffix of the request id in an encoded InternalRaftRequest, when the id is this member's; else NO_SUFFIX. */
  suffixOf(entry: Uint8Array): number {
    const end = entry.length;
    let at = 0;
    while (at < end) {
      const tag = readSmallVarint(entry, at);
      at = varintEnd(entry, at);
      if (tag === HEADER_TAG) {
        at = varintEnd(entry, at);
        return at < end && entry[at] === ID_TAG ? this.#ownSuffix(entry, at + 1) : NO_SUFFIX;
      }
      at = skipValue(entry, at, tag & 7);
      if (at < 0) return NO_SUFFIX;
    }
    return NO_SUFFIX;
  }

  /** A varint of at most 64 bits, split at bit 48: 7-bit groups 0 to 5 are low, group 6 straddles, the rest is high. */
  #ownSuffix(entry: Uint8Array, at: number): number {
    let low = 0;
    let high = 0;
    let scale = 1;
    for (let group = 0; group < 10; group++) {
      const byte = entry[at + group];
      if (byte === undefined) return NO_SUFFIX;
      const bits = byte & 0x7f;
      if (group < 6) low += bits * scale;
      else if (group === 6) {
        low += (bits & 0x3f) * scale;
        high = bits >> 6;
      } else high += bits * 2 ** (7 * group - 48);
      scale *= 128;
      if (byte < 0x80) return high === this.high ? low : NO_SUFFIX;
    }
    return NO_SUFFIX;
  }
}

/** The value of a varint whose interesting values are small; larger ones only need to differ from those. */
function readSmallVarint(bytes: Uint8Array, at: number): number {
  let value = 0;
  let scale = 1;
  for (let i = at; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
    scale *= 128;
  }
  return value;
}

function varintEnd(bytes: Uint8Array, at: number): number {
  let i = at;
  while (i < bytes.length && (bytes[i] as number) >= 0x80) i += 1;
  return i + 1;
}

function skipValue(bytes: Uint8Array, at: number, wireType: number): number {
  switch (wireType) {
    case WIRE_VARINT:
      return varintEnd(bytes, at);
    case WIRE_FIXED64:
      return at + 8;
    case WIRE_FIXED32:
      return at + 4;
    case WIRE_BYTES:
      return varintEnd(bytes, at) + readSmallVarint(bytes, at);
    default:
      return -1;
  }
}
