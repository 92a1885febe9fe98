/**
 * Since when a holder has been holding, as far as this page has seen.
 *
 * The store keeps no times, only revisions. So the page remembers when it first saw a contender in its role: exactly, when an earlier
 * look did not show it there yet; as "at least since", when it was there at the first look.
 */
import type { ContestView } from "./contest-view.js";

export interface Sighting {
  /** Browser clock, milliseconds. */
  readonly sinceMs: number;
  /** It began while the page was looking, so the age is true to one refresh. */
  readonly exact: boolean;
}

export class Sightings {
  readonly #seen: ReadonlyMap<string, Sighting>;
  readonly #looked: boolean;

  constructor(seen: ReadonlyMap<string, Sighting> = new Map(), looked = false) {
    this.#seen = seen;
    this.#looked = looked;
  }

  /** What is known after the newest complete answer. Contenders that are not in it are forgotten. */
  look(contests: readonly ContestView[], nowMs: number): Sightings {
    const next = new Map<string, Sighting>();
    const see = (role: string, identity: string): void => {
      const name = `${role} ${identity}`;
      next.set(name, this.#seen.get(name) ?? { sinceMs: nowMs, exact: this.#looked });
    };
    for (const contest of contests) {
      see("holds", contest.holder.identity);
      for (const waiter of contest.waiters) see("waits", waiter.identity);
    }
    return new Sightings(next, true);
  }

  since(role: "holds" | "waits", identity: string): Sighting | undefined {
    return this.#seen.get(`${role} ${identity}`);
  }
}
