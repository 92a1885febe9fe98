/**
 * Writes applied changes behind: hands them to the engine `PUMP_DELAY_MS` after the first of them, one batch at a time.
 *
 * Waiting costs nothing, since the log is what makes a change durable, and a batch of thousands of rows costs a third as
 * much per row as many of a hundred. What piles up in that time is bounded by the store, which asks for patience.
 */
import type { StoreDriver } from "@quorate/machine";
import type { SchedulerPort } from "./ports.js";

export const PUMP_DELAY_MS = 20;

export class StorePump {
  readonly #machine: { readonly store: Pick<StoreDriver, "pump" | "needsBackpressure"> };
  readonly #scheduler: SchedulerPort;
  readonly #onFailed: (error: unknown) => void;
  #cancel: (() => void) | undefined;
  #writing = false;
  #stopped = false;

  /** @param machine its store may be replaced by another one. */
  constructor(
    machine: { readonly store: Pick<StoreDriver, "pump" | "needsBackpressure"> },
    scheduler: SchedulerPort,
    onFailed: (error: unknown) => void,
  ) {
    this.#machine = machine;
    this.#scheduler = scheduler;
    this.#onFailed = onFailed;
  }

  /** There may be something to write. Cheap: it is called after each group of entries. */
  wake(): void {
    if (this.#writing || this.#stopped) return;
    if (this.#machine.store.needsBackpressure) this.#write();
    else this.#plan();
  }

  #plan(): void {
    this.#cancel ??= this.#scheduler.after(PUMP_DELAY_MS, () => this.#write());
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #write(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const batch = this.#machine.store.pump();
    if (batch === undefined) {
      // Another's flush is under way, and may leave much: whoever waits for room wakes us no second time.
      if (this.#machine.store.needsBackpressure) this.#plan();
      return;
    }
    this.#writing = true;
    batch.then(
      () => {
        this.#writing = false;
        this.wake();
      },
      (error: unknown) => this.#onFailed(error),
    );
  }
}
