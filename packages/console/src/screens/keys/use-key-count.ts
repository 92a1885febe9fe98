/** The number of keys below a prefix: counted by the server, and kept true by the screen's watch where that tells of the prefix. */
import type { UseQueryResult } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { useClusterQuery } from "../../data/index.js";
import { latin1, prefixRange, startsWithBytes } from "../../text/bytes.js";
import { useIsWatched } from "./key-events.js";
import type { KeyEvents } from "./key-events.js";
import { KeyTally } from "./key-tally.js";
import type { KeyCount } from "./key-tally.js";

/** Counting costs other servers than Quorate time in proportion to the keys, so it is done rarely where events tell the rest. */
const watchedRecountMs = 15_000;
const recountMs = 5000;

export interface LiveCount {
  /** Absent until there is an answer. */
  readonly count: bigint | undefined;
  readonly query: UseQueryResult<KeyCount>;
}

/** @param rev 0n for now. */
export function useKeyCount(prefix: Uint8Array, rev: bigint, events: KeyEvents): LiveCount {
  const isNow = rev === 0n;
  const isWatched = useIsWatched(prefix, events);
  const query = useClusterQuery(
    ["count", latin1(prefix), String(rev)],
    async (clients, signal): Promise<KeyCount> => {
      const request = { ...prefixRange(prefix), countOnly: true, revision: rev };
      const { count, header } = await clients.kv.range(request, { signal });
      return { count, revision: header?.revision ?? 0n };
    },
    { staleMs: 0, ...(isNow ? { refetchMs: isWatched ? watchedRecountMs : recountMs } : {}) },
  );
  const { data, refetch } = query;
  // Another prefix has another tally.
  const tally = useMemo(() => ({ of: prefix, changes: new KeyTally() }), [prefix]);
  const [, draw] = useState(0);
  const countedAt = data?.revision ?? -1n;
  useEffect(() => {
    if (!isNow) return undefined;
    return events.listen({
      onEvents: (all) => {
        const own = all.filter(({ kv }) => kv !== undefined && startsWithBytes(kv.key, tally.of));
        if (own.length === 0) return;
        if (!tally.changes.take(own)) void refetch();
        draw((count) => count + 1);
      },
      onGap: (revision) => {
        if (countedAt < revision) void refetch();
      },
    });
  }, [events, isNow, tally, countedAt, refetch]);
  return { count: data === undefined ? undefined : isNow ? tally.changes.total(data) : data.count, query };
}
