/** What a caller can choose about a load. */
import type { History } from "@quorate/sim";

export interface LoadOptions {
  /** `host:port` of the members, without TLS. */
  readonly endpoints: readonly string[];
  /** Decides what is asked, in which order and by whom; the servers decide when. */
  readonly seed: number;
  /** Clients that each have one operation under way at a time; default 16. */
  readonly clients?: number;
  /** Of all clients together; default 1 500. A slow server gets less. */
  readonly operationsPerSecondMax?: number;
  /** Number of single keys the clients fight for; default 24. */
  readonly keys?: number;
  /** Each client stays at one endpoint, or takes them in turn after an error; default "rotating". */
  readonly route?: "pinned" | "rotating";
  /** Time an operation gets before its outcome is called unknown; default 3 000. */
  readonly deadlineMs?: number;
  /** Watchers of all keys of the load on every endpoint; default 1, 0 for none. */
  readonly watchersPerEndpoint?: number;
  /**
   * Whether watchers ask for their progress all the time; default true. etcd before 3.4.25 and 3.5.8 may tell progress before
   * the events it covers, which the judge does not let pass.
   */
  readonly asksProgress?: boolean;
  /** Operations after which the load ends by itself, so that memory is bounded; default `OPERATIONS_MAX`. */
  readonly operationsMax?: number;
}

export interface Load {
  /** Operations acknowledged so far. */
  readonly okCount: number;
  /** Notes a moment under a name, for `longestWriteGap`. */
  mark(label: string): void;
  /** Resolves when nothing is under way any more. Watchers stay. */
  pause(): Promise<void>;
  resume(): void;
  /**
   * Ends the load, writes a last key, reads the store's own history up to it, waits until every watcher of a living member has
   * come that far, and takes the hashes. Rejects when the cluster takes no write within `SETTLE_MS_MAX`.
   */
  stop(): Promise<History>;
}
