/** The end of a store that another has replaced: its reads are let finish, then its engine is closed. */
import type { Engine, Store } from "@quorate/machine";
import type { SchedulerPort } from "../member/ports.js";

/** Requests that have just begun take a moment to show as open reads. */
const GRACE_MS = 5000;
const POLL_MS = 200;
/** A client that does not read its answer must not keep a database on disk for ever. */
const READS_WAIT_MAX_MS = 10 * 60 * 1000;

export interface Retirement {
  readonly engine: Engine;
  readonly store: Store;
  readonly scheduler: SchedulerPort;
  /** The member stops: nobody reads any more. */
  readonly hurry: () => boolean;
}

/** Resolves when the engine is closed. */
export async function retireStore({ engine, store, scheduler, hurry }: Retirement): Promise<void> {
  await store.flushPending();
  const isDone = (waitedMs: number): boolean =>
    hurry() || waitedMs >= READS_WAIT_MAX_MS || (waitedMs >= GRACE_MS && !store.hasOpenViews);
  for (let waitedMs = 0; !isDone(waitedMs); waitedMs += POLL_MS)
    await new Promise<void>((resolve) => void scheduler.after(POLL_MS, resolve));
  await engine.close();
}
