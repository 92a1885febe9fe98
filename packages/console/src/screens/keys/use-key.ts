/**
 * One key as it is now and stays true by the screen's watch, or as it was at a revision.
 *
 * What is known comes from reads, from events and from the page's own writes, in any order: an answer may be from before an event that
 * was here first. The newer one counts.
 */
import { useQueryClient } from "@tanstack/react-query";
import type { UseQueryResult } from "@tanstack/react-query";
import { mvccpb } from "@quorate/proto";
import { useEffect, useMemo } from "react";
import { useClusterId, useClusterQuery } from "../../data/index.js";
import { latin1 } from "../../text/bytes.js";
import { useIsWatched } from "./key-events.js";
import type { KeyEvents } from "./key-events.js";

/** A key that no watch tells of is looked at again so often. */
const unwatchedRefetchMs = 3000;

export interface KeyState {
  /** null when the key does not exist. */
  readonly kv: mvccpb.KeyValue | null;
  /** Of the store, when that was so. */
  readonly revision: bigint;
}

/** @param rev 0n for now. */
export function useKey(key: Uint8Array, rev: bigint, events: KeyEvents): UseQueryResult<KeyState> {
  const { tell, newest, knownRevision } = useKnownKey(key);
  const isNow = rev === 0n;
  const isWatched = useIsWatched(key, events);
  const query = useClusterQuery(
    nameOf(key, rev),
    async (clients, signal): Promise<KeyState> => {
      const { kvs, header } = await clients.kv.range({ key, revision: rev }, { signal });
      const answer = { kv: kvs[0] ?? null, revision: header?.revision ?? 0n };
      return isNow ? newest(answer) : answer;
    },
    // Nobody followed the key's events while it was not shown.
    { staleMs: 0, ...(isNow && !isWatched ? { refetchMs: unwatchedRefetchMs } : {}) },
  );
  const { refetch } = query;
  useEffect(() => {
    if (!isNow) return undefined;
    const onEvent = ({ type, kv }: mvccpb.Event): void => {
      const isGone = type === mvccpb.Event_EventType.DELETE;
      tell({ kv: isGone ? null : (kv ?? null), revision: kv?.modRevision ?? 0n });
    };
    return events.follow(key, onEvent, (revision) => {
      if (knownRevision() < revision) void refetch();
    });
  }, [events, key, isNow, tell, knownRevision, refetch]);
  return query;
}

export interface KnownKey {
  /** Adds what was learned elsewhere, such as by a write. */
  readonly tell: (state: KeyState) => void;
  /** The newer one of a state and of what is known. */
  readonly newest: (state: KeyState) => KeyState;
  /** -1n when nothing is known yet. */
  readonly knownRevision: () => bigint;
}

/** What every view of the key knows of it as it is now. */
export function useKnownKey(key: Uint8Array): KnownKey {
  const queries = useQueryClient();
  const clusterId = useClusterId();
  return useMemo(() => {
    const name = ["cluster", clusterId, ...nameOf(key, 0n)];
    const known = (): KeyState | undefined => queries.getQueryData<KeyState>(name);
    const newest = (state: KeyState): KeyState => {
      const before = known();
      return before !== undefined && before.revision > state.revision ? before : state;
    };
    return {
      newest,
      tell: (state) => void queries.setQueryData(name, newest(state)),
      knownRevision: () => known()?.revision ?? -1n,
    };
  }, [queries, clusterId, key]);
}

function nameOf(key: Uint8Array, rev: bigint): readonly string[] {
  return ["key", latin1(key), String(rev)];
}
