/** A range as an operation of a transaction, answered in a reply that is encoded later. */
import { NO_SLOT, type StoreReads } from "../mvcc/store-api.js";
import { RangeRun, hasFilters } from "./range-run.js";
import { Quotes, RangeReply } from "./reply-tree.js";
import { isPoint, type RangeView } from "./wire/request-views.js";

export interface OperationScope {
  /** What the operation reads: LATEST, or a revision that the store can show. */
  readonly atRevision: number;
  /** A revision whose view can see it in later turns. */
  readonly viewRevision: number;
  readonly headerRevision: number;
  /** Keys to visit in this turn; the rest of a longer run is left to whoever settles the reply. */
  readonly keysAtOnceMax: number;
}

export function readOperation(store: StoreReads, range: RangeView, scope: OperationScope): RangeReply {
  const quotes = new Quotes(scope.viewRevision);
  // One key as it is: nothing to order, to cut or to leave out.
  if (isPoint(range) && !range.keysOnly && !range.countOnly && !hasFilters(range)) {
    const slot = store.find(range.buffer, range.keyStart, range.keyEnd, scope.atRevision);
    if (slot !== NO_SLOT) quotes.addSlot(store, slot);
    return new RangeReply(scope.headerRevision, quotes, slot === NO_SLOT ? 0 : 1);
  }
  const run = new RangeRun(store, range, { atRevision: scope.atRevision });
  const reply = new RangeReply(scope.headerRevision, quotes, run);
  if (run.step(scope.keysAtOnceMax)) reply.quoteRows(store);
  return reply;
}
