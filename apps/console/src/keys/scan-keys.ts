/**
 * Reads a range of keys piece by piece, so that neither side ever holds more than a piece.
 *
 * The first piece fixes the revision, and all others read the same state. Without values a piece is counted in keys; with values the
 * number of keys follows from the sizes seen so far, because the size of a value is only known once it has come.
 */
import { etcdserverpb } from "@quorate/proto";
import type { mvccpb } from "@quorate/proto";
import type { ReadContext } from "../clusters/cluster-calls.js";
import { keyAfter } from "./key-range.js";
import type { KeyRange } from "./key-range.js";

/** Keys of a piece. Servers count what is left of the range for each piece, so few large ones are far cheaper than many small ones. */
export const PIECE_KEYS_MAX = 10_000;
/** Keys of the first piece, so that a first answer comes at once. */
const FIRST_PIECE_KEYS = 1000;
/** Bytes of values that a piece aims at. */
export const PIECE_BYTES_AIM: number = 512 * 1024;
/** The same with values, when nothing is known about their sizes. */
const FIRST_PIECE_VALUES = 8;

export interface ScanRequest extends KeyRange {
  /** 0 for the newest. */
  readonly revision: bigint;
  readonly withValues: boolean;
  /** The scan ends after so many keys; Infinity for none. */
  readonly keysMax: number;
}

export interface Piece {
  readonly keys: readonly mvccpb.KeyValue[];
  /** The revision that all pieces are read at. */
  readonly revision: bigint;
  /** Where the next piece begins; undefined when the range has no more keys. */
  readonly next: Uint8Array | undefined;
}

/** At least one piece, which may be empty. Leaving the loop reads nothing further. */
export async function* scanKeys(
  context: ReadContext,
  request: ScanRequest,
): AsyncGenerator<Piece, void, void> {
  let { start, revision } = request;
  let left = request.keysMax;
  let pieceKeys = request.withValues ? FIRST_PIECE_VALUES : FIRST_PIECE_KEYS;
  for (;;) {
    const response = await context.calls.unary(
      etcdserverpb.KV.method.range,
      {
        key: start,
        rangeEnd: request.end,
        revision,
        keysOnly: !request.withValues,
        limit: BigInt(Math.min(pieceKeys, left)),
      },
      { safety: "read", signal: context.signal },
    );
    // A cluster that answers a read always says at which revision it is.
    if (revision === 0n) revision = response.header?.revision ?? 0n;
    const last = response.kvs.at(-1);
    const next = response.more && last !== undefined ? keyAfter(last.key) : undefined;
    yield { keys: response.kvs, revision, next };
    left -= response.kvs.length;
    if (next === undefined || left <= 0) return;
    start = next;
    pieceKeys = nextPieceKeys(pieceKeys, response.kvs);
  }
}

/** Grows at most fourfold, so that one run of small values does not ask for a heap of large ones. Keys alone always fit. */
function nextPieceKeys(current: number, seen: readonly mvccpb.KeyValue[]): number {
  const bytes = seen.reduce((sum, { value }) => sum + value.length, 0);
  const fitting = Math.floor((PIECE_BYTES_AIM * seen.length) / Math.max(bytes, 1));
  return Math.max(1, Math.min(fitting, current * 4, PIECE_KEYS_MAX));
}
