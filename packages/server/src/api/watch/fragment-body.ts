/** Cuts the events of a long response into pieces that a client puts together again. Source: kv-watch-lease 7.11. */

/** Bytes of field 7, which says that more pieces follow. */
const FRAGMENT_FIELD_BYTES = 2;

export interface Piece {
  readonly start: number;
  readonly end: number;
}

/**
 * Cuts the body buffer[start, end) between events: a piece ends before the event that would bring it, with its prefix, to
 * `bytesMax`; one event is never cut.
 */
export function fragmentBody(
  { buffer, start, end }: { readonly buffer: Uint8Array; readonly start: number; readonly end: number },
  prefixBytes: number,
  bytesMax: number,
): Piece[] {
  if (prefixBytes + end - start < bytesMax) return [{ start, end }];
  const room = bytesMax - prefixBytes - FRAGMENT_FIELD_BYTES;
  const pieces: Piece[] = [];
  let from = start;
  for (let at = start; at < end;) {
    const next = endOfEvent(buffer, at);
    if (at > from && next - from >= room) {
      pieces.push({ start: from, end: at });
      from = at;
    }
    at = next;
  }
  pieces.push({ start: from, end });
  return pieces;
}

/** Where the event that begins at `at` ends: a tag of one byte, a length, and so many bytes. */
function endOfEvent(buffer: Uint8Array, at: number): number {
  let size = 0;
  for (let shift = 0, from = at + 1; ; shift += 7) {
    const byte = buffer[from++] as number;
    size |= (byte & 0x7f) << shift;
    if (byte < 0x80) return from + size;
  }
}
