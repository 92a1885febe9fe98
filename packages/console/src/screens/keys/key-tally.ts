/**
 * How many keys there are now: a count of the server, and what events have added and taken since. The server counts at one revision
 * and answers later, so events stay known until a count of a revision behind them.
 */
import { mvccpb } from "@quorate/proto";

/** Revisions that changed the number, remembered at most; beyond them the server is to count anew. */
export const talliedRevisionsMax = 20_000;

export interface KeyCount {
  readonly count: bigint;
  readonly revision: bigint;
}

export class KeyTally {
  /** Ascending. */
  #changes: { readonly revision: bigint; change: bigint }[] = [];
  /** Changes up to this revision were too many to remember; 0n for none. */
  #forgotten = 0n;

  /** @returns false when it has forgotten what it knew, and the server is to count anew. */
  take(events: readonly mvccpb.Event[]): boolean {
    for (const { type, kv } of events) {
      if (kv === undefined) continue;
      const isDelete = type === mvccpb.Event_EventType.DELETE;
      // Only a put that creates the key adds one.
      if (!isDelete && kv.createRevision !== kv.modRevision) continue;
      const change = isDelete ? -1n : 1n;
      const last = this.#changes.at(-1);
      if (last?.revision === kv.modRevision) last.change += change;
      else this.#changes.push({ revision: kv.modRevision, change });
    }
    if (this.#changes.length <= talliedRevisionsMax) return true;
    this.#forgotten = this.#changes.at(-1)?.revision ?? 0n;
    this.#changes = [];
    return false;
  }

  /** The number now, by a count at some revision; counts come in their order. @returns undefined for a count that lacks what was forgotten. */
  total({ count, revision }: KeyCount): bigint | undefined {
    if (revision < this.#forgotten) return undefined;
    this.#changes = this.#changes.filter((change) => change.revision > revision);
    return this.#changes.reduce((sum, { change }) => sum + change, count);
  }
}
