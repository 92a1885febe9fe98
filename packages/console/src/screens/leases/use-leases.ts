import type { UseQueryResult } from "@tanstack/react-query";
import { useClusterQuery } from "../../data/index.js";
import type { Clients } from "../../data/index.js";
import { viewLease } from "./countdown.js";
import type { LeaseView } from "./countdown.js";

export const PAGE_LEASES = 200;

/** Countdowns run on in the browser between two answers; this often they are put right. */
const refreshMs = 5000;

export interface Leases {
  readonly leases: readonly LeaseView[];
  readonly total: bigint;
  readonly hasMore: boolean;
}

export function useLeases(pages: number): UseQueryResult<Leases> {
  return useClusterQuery(["leases", pages], (clients, signal) => listLeases(clients, pages, signal), {
    refetchMs: refreshMs,
  });
}

async function listLeases(clients: Clients, pages: number, signal: AbortSignal): Promise<Leases> {
  const leases: LeaseView[] = [];
  let cursor = 0n;
  let total = 0n;
  for (let page = 0; page < pages; page++) {
    const answer = await clients.console.listLeases({ limit: PAGE_LEASES, cursor }, { signal });
    const seenAtMs = Date.now();
    for (const lease of answer.leases) leases.push(viewLease(lease, seenAtMs));
    total = answer.total;
    cursor = answer.next;
    if (cursor === 0n) break;
  }
  return { leases, total, hasMore: cursor !== 0n };
}

/** One lease with all its keys, fresh. The answer is null when it is gone. */
export function useLease(id: bigint): UseQueryResult<LeaseView | null> {
  return useClusterQuery(["lease", String(id)], (clients, signal) => readLease(clients, id, signal), {
    refetchMs: refreshMs,
  });
}

async function readLease({ lease }: Clients, id: bigint, signal: AbortSignal): Promise<LeaseView | null> {
  const answer = await lease.leaseTimeToLive({ ID: id, keys: true }, { signal });
  return answer.TTL < 0n ? null : viewLease(answer, Date.now());
}
