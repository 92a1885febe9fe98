/** Whether the caller of a recipe is still there, for waits that end with it. */
import type { CallBase } from "@quorate/rpc";

export class Caller {
  #hasLeft = false;
  #onLeave: (() => void) | undefined;

  /** Takes the call's one cancel listener: create it within the handler. */
  constructor(call: CallBase) {
    call.onCancel(() => {
      this.#hasLeft = true;
      this.#onLeave?.();
    });
  }

  /** Cancelled, past its deadline, or disconnected. */
  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  /** Calls `listener` when the caller leaves, in the place of an earlier one; undefined for none. */
  whenLeft(listener: (() => void) | undefined): void {
    this.#onLeave = listener;
  }
}
