import type { mvccpb } from "@quorate/proto";
import { equalBytes } from "../../text/bytes.js";

/** Passes the events of the screen's one watch to whoever shows a key of it. */
export class KeyEvents {
  readonly #listeners = new Set<(events: readonly mvccpb.Event[]) => void>();

  readonly publish = (events: readonly mvccpb.Event[]): void => {
    for (const listener of this.#listeners) listener(events);
  };

  /** `onEvent` gets the last event of each batch about the key. @returns what ends it. */
  follow(key: Uint8Array, onEvent: (event: mvccpb.Event) => void): () => void {
    const listener = (events: readonly mvccpb.Event[]): void => {
      const last = events.findLast(({ kv }) => kv !== undefined && equalBytes(kv.key, key));
      if (last !== undefined) onEvent(last);
    };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
