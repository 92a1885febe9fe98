/** What goes with each call: the same object as long as it says the same, so that transports may remember its encoded form. */
import type { Metadata } from "../transport.js";

const LEADER: Metadata = { hasleader: "true" };
const NOTHING: Metadata = {};

export class CallMetadata {
  #token: string | undefined;
  #withLeader: Metadata = LEADER;
  #without: Metadata = NOTHING;

  /** @param token undefined or empty for none. */
  of(token: string | undefined, requireLeader: boolean): Metadata {
    if (token !== this.#token) {
      this.#token = token;
      const isNone = token === undefined || token === "";
      this.#withLeader = isNone ? LEADER : { token, ...LEADER };
      this.#without = isNone ? NOTHING : { token };
    }
    return requireLeader ? this.#withLeader : this.#without;
  }
}
