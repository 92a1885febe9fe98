/**
 * Log entries: what is replicated.
 *
 * Terms and indexes are safe integers, never bigint: they are counters on the hot path. `data` is opaque; raft looks into it
 * only for the two conf change types (see confchange/codec.ts).
 * Source: upstream raftpb/raft.proto, message Entry.
 */

/** What an entry carries. The numbers are those of the wire. */
export const EntryType = { EntryNormal: 0, EntryConfChange: 1, EntryConfChangeV2: 2 } as const;
export type EntryType = (typeof EntryType)[keyof typeof EntryType];

/** One log entry. Immutable once built: the log, messages and Ready structs share the same object. */
export interface Entry {
  readonly type: EntryType;
  /** Term of the leader that appended it; 0 while it is still a proposal. */
  readonly term: number;
  /** Log position, starting at 1; 0 while it is still a proposal. */
  readonly index: number;
  /** Opaque payload; absent data is always the shared `emptyBytes`. */
  readonly data: Uint8Array;
}

/** The one empty byte array, so that "no data" costs nothing and is recognised by its length alone. */
export const emptyBytes: Uint8Array = new Uint8Array(0);

/** Builds an entry with the one object shape used everywhere (V8 keeps the hot path monomorphic). */
export function createEntry(type: EntryType, term: number, index: number, data: Uint8Array): Entry {
  return { type, term, index, data };
}

/** Bytes of `value` as a protobuf varint; `value` is a safe integer >= 0. */
export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  if (value < 0x1000_0000) return 4;
  if (value < 0x8_0000_0000) return 5;
  if (value < 0x400_0000_0000) return 6;
  if (value < 0x2_0000_0000_0000) return 7;
  return 8;
}

/**
 * Bytes of the entry as an encoded `raftpb.Entry`, by arithmetic: type (always written, 2 bytes), term, index, and the
 * data with its length when there is any. The size limits count in these bytes.
 */
export function entryBytes(entry: Entry): number {
  const length = entry.data.length;
  const fixed = 4 + varintBytes(entry.term) + varintBytes(entry.index);
  return length === 0 ? fixed : fixed + 1 + varintBytes(length) + length;
}

/** Sum of `entryBytes`. */
export function entriesBytes(entries: readonly Entry[]): number {
  let total = 0;
  for (let i = 0; i < entries.length; i++) total += entryBytes(entries[i] as Entry);
  return total;
}

/** Sum of payload lengths only: what the uncommitted quota and the inflight byte window count. */
export function payloadsBytes(entries: readonly Entry[]): number {
  let total = 0;
  for (let i = 0; i < entries.length; i++) total += (entries[i] as Entry).data.length;
  return total;
}
