/** Range requests from options. */
import { etcdserverpb, type MessageInitShape } from "@quorate/proto";
import { checkRevision } from "./check-numbers.js";
import type { WireRange } from "./key-range.js";
import type { RangeOptions, SortBy } from "./kv-options.js";

const { RangeRequest_SortOrder: Order, RangeRequest_SortTarget: Target } = etcdserverpb;

const TARGETS: Readonly<Record<SortBy, etcdserverpb.RangeRequest_SortTarget>> = {
  key: Target.KEY,
  version: Target.VERSION,
  "create-revision": Target.CREATE,
  "mod-revision": Target.MOD,
  value: Target.VALUE,
};

const REVISIONS = [
  "revision",
  "minModRevision",
  "maxModRevision",
  "minCreateRevision",
  "maxCreateRevision",
] as const;

export type RangeRequestInit = MessageInitShape<typeof etcdserverpb.RangeRequestSchema>;

/** @throws RangeError or TypeError for a limit, a revision or an order that is none. */
export function rangeRequest(
  { key, rangeEnd }: WireRange,
  options: RangeOptions & { readonly keysOnly?: boolean; readonly countOnly?: boolean },
): RangeRequestInit {
  const { limit = 0, sortBy, descending = false } = options;
  if (!Number.isSafeInteger(limit) || limit < 0) throw new RangeError(`${limit} is no limit`);
  for (const name of REVISIONS) checkRevision(name, options[name]);
  if (sortBy !== undefined && !Object.hasOwn(TARGETS, sortBy))
    throw new TypeError(`"${String(sortBy)}" is nothing to sort by`);
  const isSorted = sortBy !== undefined || descending;
  return {
    key,
    rangeEnd,
    limit: limit === 0 ? 0n : BigInt(limit),
    revision: options.revision ?? 0n,
    serializable: options.serializable ?? false,
    keysOnly: options.keysOnly ?? false,
    countOnly: options.countOnly ?? false,
    sortOrder: isSorted ? (descending ? Order.DESCEND : Order.ASCEND) : Order.NONE,
    sortTarget: TARGETS[sortBy ?? "key"],
    minModRevision: options.minModRevision ?? 0n,
    maxModRevision: options.maxModRevision ?? 0n,
    minCreateRevision: options.minCreateRevision ?? 0n,
    maxCreateRevision: options.maxCreateRevision ?? 0n,
  };
}
