import { Code, ConnectError } from "@connectrpc/connect";
import { isWithin } from "./key-range.js";
import type { KeyRange } from "./key-range.js";

/** Entries of a page when nothing else is asked for, and at most. */
export const PAGE_ENTRIES_DEFAULT = 200;
export const PAGE_ENTRIES_MAX = 1000;

/** Entries that a request asks for: 0 is the default, more than the most is the most. */
export function readLimit(
  limit: number,
  fallback: number = PAGE_ENTRIES_DEFAULT,
  max: number = PAGE_ENTRIES_MAX,
): number {
  if (limit < 0) throw new ConnectError("limit is negative", Code.InvalidArgument);
  return Math.min(limit === 0 ? fallback : limit, max);
}

/** Where a page begins and how long it is. Throws InvalidArgument for a cursor of another range. */
export function readPage(
  request: { readonly cursor: Uint8Array; readonly limit: number },
  range: KeyRange,
): { start: Uint8Array; limit: number } {
  const limit = readLimit(request.limit);
  if (request.cursor.length === 0) return { start: range.start, limit };
  if (!isWithin(request.cursor, range)) {
    throw new ConnectError("cursor does not belong to this prefix", Code.InvalidArgument);
  }
  return { start: request.cursor, limit };
}
