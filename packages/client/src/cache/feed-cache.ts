/** Keeps a local copy up to date: lists, watches from there, and lists again when what it missed is not there any more. */
import { QuorateError } from "../errors/errors.js";
import type { KeyRange } from "../kv/key-range.js";
import type { Store } from "../session/store.js";
import type { CacheState } from "./cache-state.js";
import { listRange } from "./list-prefix.js";
import { SortedEntries } from "./sorted-entries.js";

export interface CacheFeed<V> {
  readonly store: Store;
  readonly range: KeyRange;
  readonly state: CacheState<V>;
  readonly pageRows: number;
  readonly keysOnly: boolean;
  readonly signal: AbortSignal;
  /** A list is complete. */
  readonly onListed: () => void;
  /** The copy shows a later revision. */
  readonly onRevision: (revision: bigint) => void;
}

/** Runs until the signal aborts. @throws its reason, or what no repetition will cure. */
export async function feedCache<V>(feed: CacheFeed<V>): Promise<never> {
  const { store, range, state, signal } = feed;
  for (let failures = 0; ; failures += 1) {
    try {
      const revision = await list(feed);
      failures = 0;
      for await (const batch of store.events.watch(store.keyspace, range, {
        startRevision: revision + 1n,
        signal,
      })) {
        state.apply(batch, feed.keysOnly);
        feed.onRevision(state.revision);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (isFinal(error)) throw error;
    }
    await store.calls.backOff(failures, signal);
  }
}

/** @returns the revision that was listed. */
async function list<V>({
  store,
  range,
  state,
  pageRows,
  keysOnly,
  signal,
  ...feed
}: CacheFeed<V>): Promise<bigint> {
  const entries = new SortedEntries<V>();
  let listed = 0n;
  for await (const { rows, revision } of listRange(store, range, { pageRows, keysOnly, signal })) {
    state.gather(entries, rows);
    listed = revision;
  }
  state.replace(entries, listed);
  feed.onListed();
  feed.onRevision(listed);
  return listed;
}

/**
 * Compacted history is listed again, a member that is away comes back; a refusal stays one, a full copy stays full, and so does
 * whatever no call has said.
 */
function isFinal(error: unknown): boolean {
  if (!(error instanceof QuorateError)) return true;
  return error.retry === "none" && error.reason !== undefined && error.reason !== "compacted";
}
