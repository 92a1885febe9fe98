/**
 * Request ids of this member: which suffix comes next, and whether a committed entry carries one of ours. The recipe and the
 * encoding are the machine's (`apply/wire/entry`); two members never share an id, so a foreign result finds no waiter here.
 */
import {
  decodeEntry,
  EntryView,
  RequestIds,
  requestIdPrefix,
  v2RequestId,
  WireError,
  WireReader,
} from "@quorate/machine";

const OLD_ID_TAG = 0x08;
const SUFFIX_MASK = 0xffff_ffff_ffffn;

/** Not a suffix: the entry has no request id, or one of another member. */
export const NO_SUFFIX = -1;

export class OwnRequestIds {
  readonly #prefix: number;
  readonly #ids: RequestIds;
  readonly #reader = new WireReader();
  readonly #view = new EntryView();

  /** @param unixMs wall clock: ids of earlier runs of this member lie below. */
  constructor(memberId: bigint, unixMs: number) {
    this.#prefix = requestIdPrefix(memberId);
    this.#ids = new RequestIds(unixMs);
  }

  /** A 48-bit safe integer. */
  nextSuffix(): number {
    return this.#ids.next();
  }

  /** The whole id with this suffix, for callers that are not on the hot path. */
  idOf(suffix: number): bigint {
    return (BigInt(this.#prefix) << 48n) | BigInt(suffix);
  }

  /** The suffix of the request id in an entry when the id is ours, else NO_SUFFIX (also for bytes that are no entry). */
  suffixOf(entry: Uint8Array): number {
    // Requests of the old form begin with their id, those of today with anything else.
    const oldId = entry[0] === OLD_ID_TAG ? v2RequestId(entry) : undefined;
    if (oldId !== undefined) return this.#ownSuffix(oldId);
    try {
      decodeEntry(this.#reader, entry, this.#view);
    } catch (error) {
      if (error instanceof WireError) return NO_SUFFIX;
      throw error;
    }
    const { idPrefix, idSuffix } = this.#view;
    return idSuffix !== 0 && idPrefix === this.#prefix ? idSuffix : NO_SUFFIX;
  }

  #ownSuffix(id: bigint): number {
    const suffix = Number(id & SUFFIX_MASK);
    return suffix !== 0 && Number(id >> 48n) === this.#prefix ? suffix : NO_SUFFIX;
  }
}
