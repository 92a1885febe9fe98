import type { UseQueryResult } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useClusterQuery } from "../../data/index.js";
import { escapeBytes } from "../../text/escape.js";
import { viewContests } from "./contest-view.js";
import type { ContestView } from "./contest-view.js";
import { Sightings } from "./sightings.js";

/** Keys that are looked at for locks; beyond it a prefix is needed. */
export const SCAN_MAX = 50_000;

const refreshMs = 3000;

export interface Contests {
  readonly contests: readonly ContestView[];
  readonly truncated: boolean;
}

export function useContests(prefix: Uint8Array): {
  readonly query: UseQueryResult<Contests>;
  readonly sightings: Sightings;
} {
  const [sightings, setSightings] = useState(() => new Sightings());
  const query = useClusterQuery(
    ["contests", escapeBytes(prefix)],
    async ({ console }, signal) => {
      const answer = await console.listContests({ prefix, scanMax: SCAN_MAX }, { signal });
      return { contests: viewContests(answer.contests), truncated: answer.truncated };
    },
    { refetchMs: refreshMs },
  );
  const { data, dataUpdatedAt } = query;
  useEffect(() => {
    if (data === undefined) return;
    // A new object, so that rows that show ages are drawn anew.
    setSightings((last) => last.look(data.contests, dataUpdatedAt));
  }, [data, dataUpdatedAt]);
  // What was seen under one prefix says nothing about what was not under another.
  useEffect(() => setSightings(new Sightings()), [prefix]);
  return { query, sightings };
}
