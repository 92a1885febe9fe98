/**
 * What is measured: requests, and how many at once.
 */
import type { LoadShape } from "./h2load.js";
import { compareAndSwap, paths, putRequest, rangeRequest } from "./messages.js";

export const valueBytes = 256;
/** Keys that exist before the first request, under `range/`. */
export const preloadedCount = 10_000;

export interface Workload {
  /** For `--only`. */
  readonly group: string;
  readonly title: string;
  readonly path: string;
  /** The message of request `index`; the same for all unless `distinct`. */
  message(index: number): Uint8Array;
  /** Revisions that one request adds. */
  readonly revisionsPerRequest: 0 | 1;
  /** Every request carries another key, so that it is made by `unary-load` and not by h2load. */
  readonly distinct: boolean;
  readonly shapes: readonly LoadShape[];
}

export const value: Uint8Array = Uint8Array.from({ length: valueBytes }, (_, index) => 97 + (index % 26));

const shape = (connections: number, streams: number): LoadShape => ({ connections, streams });
const everyShape = [shape(1, 1), shape(10, 10), shape(100, 10), shape(1000, 1)];

export const workloads: readonly Workload[] = [
  { ...writes("put", "Put, one key", paths.put, putRequest("bench", value)), shapes: everyShape },
  {
    ...writes("put-distinct", "Put, a new key each", paths.put, new Uint8Array()),
    distinct: true,
    message: (index) => putRequest(`distinct/${String(index).padStart(9, "0")}`, value),
    shapes: [shape(10, 10), shape(100, 10)],
  },
  { ...reads("range", "Range, linearizable", rangeRequest(keyAt(0))), shapes: everyShape },
  {
    ...reads("range-serializable", "Range, serializable", rangeRequest(keyAt(0), { serializable: true })),
    shapes: everyShape,
  },
  {
    ...reads("range-1000", "Range of 1 000 keys", rangeRequest(keyAt(0), { end: keyAt(1000) })),
    shapes: [shape(1, 1), shape(10, 1)],
  },
  {
    ...reads("range-10000", "Range of 10 000 keys", rangeRequest(keyAt(0), { end: keyAt(preloadedCount) })),
    shapes: [shape(1, 1), shape(10, 1)],
  },
  {
    ...writes("txn", "Txn, compare and swap", paths.txn, compareAndSwap(keyAt(0), value, value)),
    shapes: [shape(1, 1), shape(10, 10), shape(100, 10)],
  },
];

/** The group of `clusterWorkloads`. */
export const clusterGroup = "cluster";

/** What is measured of three members: once on the leader, once spread over all of them. */
export const clusterWorkloads: readonly Workload[] = [
  {
    ...writes(clusterGroup, "Put", paths.put, putRequest("bench", value)),
    shapes: [shape(10, 10), shape(100, 10)],
  },
  { ...reads(clusterGroup, "Range, linearizable", rangeRequest(keyAt(0))), shapes: [shape(100, 10)] },
];

/** The preloaded keys, in order. */
export function keyAt(index: number): string {
  return `range/${String(index).padStart(9, "0")}`;
}

function writes(group: string, title: string, path: string, message: Uint8Array): Omit<Workload, "shapes"> {
  return { group, title, path, message: () => message, revisionsPerRequest: 1, distinct: false };
}

function reads(group: string, title: string, message: Uint8Array): Omit<Workload, "shapes"> {
  return { group, title, path: paths.range, message: () => message, revisionsPerRequest: 0, distinct: false };
}
