/**
 * Puts the events that a pass has found for one range into response bodies: once for all watchers of the range that want the
 * same filters and the same beginning.
 *
 *     rows of the range:  911 911 | 912 | 914 914 914 | 960        a revision is never split
 *     bodies:             [-------------------] [----------]       at most so many revisions and about so many bytes each
 */
import type { NumberList } from "./columns.js";
import type { EventBlock } from "./event-block.js";
import {
  FRAGMENTED_BYTES_TARGET,
  HEADROOM_BYTES,
  RESPONSE_BYTES_TARGET,
  RESPONSE_REVISIONS_MAX,
  SHARED_BODY_BYTES_MIN,
} from "./limits.js";
import { RESPONSE_FLAGS, WATCHER_FLAG } from "./watcher-table.js";
import { WatchBody } from "./watch-sink.js";

const VARIANTS_COUNT: number = RESPONSE_FLAGS + 1;

/** The bodies for one combination of flags. */
class Variant {
  readonly flags: number;
  readonly bodies: WatchBody[] = [];
  count = 0;
  /** Place of the first event among the rows of the range; below 0 when nothing has been built for this range. */
  begin = -1;
  /** For a small body, which is good until the next range. */
  readonly scratch: Uint8Array = new Uint8Array(HEADROOM_BYTES + SHARED_BODY_BYTES_MIN);

  constructor(flags: number) {
    this.flags = flags;
  }
}

export class ResponseBuilder {
  readonly #variants: (Variant | undefined)[] = new Array<Variant | undefined>(VARIANTS_COUNT).fill(
    undefined,
  );
  #block: EventBlock | undefined;
  #rows: NumberList | undefined;
  #headerRevision = 0;

  /**
   * Begins with another range. @param rows its events in the block, ascending; unchanged until the next `start`.
   * @param headerRevision what headers show; 0 for the revision of the last event.
   */
  start(block: EventBlock, rows: NumberList, headerRevision: number): void {
    this.#block = block;
    this.#rows = rows;
    this.#headerRevision = headerRevision;
    for (const variant of this.#variants) if (variant !== undefined) variant.begin = -1;
  }

  /** Lets go of the block. */
  end(): void {
    this.#block = undefined;
    this.#rows = undefined;
    for (const variant of this.#variants) {
      if (variant === undefined) continue;
      variant.count = 0;
      for (const body of variant.bodies) body.buffer = variant.scratch;
    }
  }

  /** Number of bodies for a watcher with these flags that wants events from `revision` on: `body` 0 to that. */
  build(flags: number, revision: number): number {
    const begin = this.#firstAtOrAbove(revision);
    if (begin === (this.#rows as NumberList).length) return 0;
    const variant = this.#variantOf(flags);
    if (variant.begin !== begin) this.#build(variant, begin);
    return variant.count;
  }

  body(flags: number, index: number): WatchBody {
    return this.#variantOf(flags).bodies[index] as WatchBody;
  }

  #variantOf(flags: number): Variant {
    const key = flags & RESPONSE_FLAGS;
    return (this.#variants[key] ??= new Variant(key));
  }

  #firstAtOrAbove(revision: number): number {
    const { main } = this.#block as EventBlock;
    const rows = this.#rows as NumberList;
    let low = 0;
    let high = rows.length;
    // Nearly everybody wants all there is.
    if ((main[rows.at(0)] as number) >= revision) return 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((main[rows.at(middle)] as number) < revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #build(variant: Variant, begin: number): void {
    variant.begin = begin;
    variant.count = 0;
    const rows = this.#rows as NumberList;
    let at = begin;
    let isScratchFree = true;
    while (at < rows.length) {
      const cut = this.#cut(variant.flags, at);
      if (cut.size > 0) {
        const isShared = cut.size >= SHARED_BODY_BYTES_MIN || !isScratchFree;
        if (!isShared) isScratchFree = false;
        this.#write(variant, { from: at, to: cut.to, size: cut.size, isShared });
      }
      at = cut.to;
    }
  }

  /** Where the body that begins with the event at `from` ends, and its bytes; 0 when the filters leave nothing. */
  #cut(flags: number, from: number): { readonly to: number; readonly size: number } {
    const { main } = this.#block as EventBlock;
    const rows = this.#rows as NumberList;
    const bytesTarget = flags & WATCHER_FLAG.fragment ? FRAGMENTED_BYTES_TARGET : RESPONSE_BYTES_TARGET;
    let size = 0;
    let revisionCount = 0;
    let at = from;
    while (at < rows.length) {
      const revision = main[rows.at(at)] as number;
      let end = at;
      let added = 0;
      for (; end < rows.length && main[rows.at(end)] === revision; end++)
        added += this.#sizeOf(flags, rows.at(end));
      if (added > 0) {
        const isFull = revisionCount === RESPONSE_REVISIONS_MAX || size + added > bytesTarget;
        if (size > 0 && isFull) break;
        size += added;
        revisionCount += 1;
      }
      at = end;
    }
    return { to: at, size };
  }

  /** Bytes of an event for these flags; 0 when it is filtered out. */
  #sizeOf(flags: number, row: number): number {
    const block = this.#block as EventBlock;
    const filter = block.isDelete[row] === 1 ? WATCHER_FLAG.noDelete : WATCHER_FLAG.noPut;
    return flags & filter ? 0 : block.sizeOf(row, (flags & WATCHER_FLAG.previous) !== 0);
  }

  #write(
    variant: Variant,
    { from, to, size, isShared }: { from: number; to: number; size: number; isShared: boolean },
  ): void {
    const { flags } = variant;
    const block = this.#block as EventBlock;
    const rows = this.#rows as NumberList;
    const body = (variant.bodies[variant.count] ??= new WatchBody());
    variant.count += 1;
    body.buffer = isShared ? new Uint8Array(size) : variant.scratch;
    body.start = isShared ? 0 : HEADROOM_BYTES;
    body.isShared = isShared;
    body.mayFragment = (flags & WATCHER_FLAG.fragment) !== 0;
    let end = body.start;
    body.firstRevision = 0;
    body.eventCount = 0;
    for (let i = from; i < to; i++) {
      const row = rows.at(i);
      if (this.#sizeOf(flags, row) === 0) continue;
      end = block.copy(row, (flags & WATCHER_FLAG.previous) !== 0, body.buffer, end);
      body.eventCount += 1;
      body.lastRevision = block.main[row] as number;
      if (body.firstRevision === 0) body.firstRevision = body.lastRevision;
    }
    body.end = end;
    body.headerRevision = this.#headerRevision === 0 ? body.lastRevision : this.#headerRevision;
  }
}
