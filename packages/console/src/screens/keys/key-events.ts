import type { mvccpb } from "@quorate/proto";
import { useSyncExternalStore } from "react";
import { equalBytes, startsWithBytes } from "../../text/bytes.js";

export interface KeyEventsListener {
  readonly onEvents: (events: readonly mvccpb.Event[]) => void;
  /** What was read before this revision may lack something; all that happens behind it is told. */
  readonly onGap: (revision: bigint) => void;
}

/** Passes the events of the screen's one watch to whoever shows a part of what is watched. */
export class KeyEvents {
  readonly #listeners = new Set<KeyEventsListener>();
  readonly #observers = new Set<() => void>();
  #watched: Uint8Array | undefined;

  readonly publish = (events: readonly mvccpb.Event[]): void => {
    for (const { onEvents } of this.#listeners) onEvents(events);
  };

  readonly publishGap = (revision: bigint): void => {
    for (const { onGap } of this.#listeners) onGap(revision);
  };

  /** The prefix whose events are told; absent while nothing watches, such as during a search. */
  readonly watched = (): Uint8Array | undefined => this.#watched;

  /** Tells when another prefix is watched, or none any more. @returns what ends it. */
  readonly observe = (observer: () => void): (() => void) => {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  };

  /** To be called by who watches. @returns what tells that the watch is over. */
  begin(prefix: Uint8Array): () => void {
    this.#setWatched(prefix);
    return () => this.#setWatched(undefined);
  }

  /** @returns what ends it. */
  listen(listener: KeyEventsListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** `onEvent` gets the last event of each batch about the key. @returns what ends it. */
  follow(
    key: Uint8Array,
    onEvent: (event: mvccpb.Event) => void,
    onGap: KeyEventsListener["onGap"],
  ): () => void {
    const onEvents = (events: readonly mvccpb.Event[]): void => {
      const last = events.findLast(({ kv }) => kv !== undefined && equalBytes(kv.key, key));
      if (last !== undefined) onEvent(last);
    };
    return this.listen({ onEvents, onGap });
  }

  #setWatched(prefix: Uint8Array | undefined): void {
    this.#watched = prefix;
    for (const observer of this.#observers) observer();
  }
}

/** Whether events tell of a key, or of all that begins with it. */
export function useIsWatched(key: Uint8Array, events: KeyEvents): boolean {
  const watched = useSyncExternalStore(events.observe, events.watched);
  return watched !== undefined && startsWithBytes(key, watched);
}
