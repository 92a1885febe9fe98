import type { mvccpb } from "@quorate/proto";
import { equalBytes } from "../../text/bytes.js";

export interface KeyEventsListener {
  readonly onEvents: (events: readonly mvccpb.Event[]) => void;
  /** What was read before this revision may lack something; all that happens behind it is told. */
  readonly onGap: (revision: bigint) => void;
}

/** Passes the events of the screen's one watch to whoever shows a part of what is watched. */
export class KeyEvents {
  readonly #listeners = new Set<KeyEventsListener>();

  readonly publish = (events: readonly mvccpb.Event[]): void => {
    for (const { onEvents } of this.#listeners) onEvents(events);
  };

  readonly publishGap = (revision: bigint): void => {
    for (const { onGap } of this.#listeners) onGap(revision);
  };

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
}
