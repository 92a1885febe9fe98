/** Shape of single requests, in the order that clients can see. Source: kv-watch-lease 2.2, 2.7, 3.2 and 3.3. */
import {
  SORT_ORDER_ASCEND,
  SORT_ORDER_DESCEND,
  SORT_ORDER_NONE,
  SORT_TARGET_KEY,
  SORT_TARGET_VALUE,
  hasFilters,
  type DeleteView,
  type PutView,
  type RangeView,
} from "@quorate/machine";
import type { ErrorName } from "@quorate/proto";

export function checkRange(range: RangeView): ErrorName | undefined {
  if (range.keyStart === range.keyEnd) return "empty-key";
  // Enumerations are open on the wire, and an order nobody knows must not pass for one that somebody does.
  const orderIsKnown = range.sortOrder >= SORT_ORDER_NONE && range.sortOrder <= SORT_ORDER_DESCEND;
  const targetIsKnown = range.sortTarget >= SORT_TARGET_KEY && range.sortTarget <= SORT_TARGET_VALUE;
  return orderIsKnown && targetIsKnown ? undefined : "invalid-sort-option";
}

/** What a stream of chunks cannot do on top of it. The order NONE passes with any target. */
export function checkRangeStream(range: RangeView): ErrorName | undefined {
  const refusal = checkRange(range);
  if (refusal !== undefined) return refusal;
  const isDefault =
    range.sortOrder === SORT_ORDER_NONE ||
    (range.sortOrder === SORT_ORDER_ASCEND && range.sortTarget === SORT_TARGET_KEY);
  if (!isDefault) return "range-stream-sort";
  return hasFilters(range) ? "range-stream-filter" : undefined;
}

export function checkPut(put: PutView): ErrorName | undefined {
  if (put.keyStart === put.keyEnd) return "empty-key";
  if (put.ignoreValue && put.valueStart !== put.valueEnd) return "value-provided";
  return put.ignoreLease && put.lease !== 0n ? "lease-provided" : undefined;
}

export function checkDelete(remove: DeleteView): ErrorName | undefined {
  return remove.keyStart === remove.keyEnd ? "empty-key" : undefined;
}
