/** Who waits for a revision to be reached. */
import { onAbort } from "../session/on-abort.js";

interface Wait {
  readonly revision: bigint;
  readonly settle: () => void;
}

export class RevisionWaits {
  readonly #end: AbortSignal;
  readonly #waits = new Set<Wait>();
  #revision = 0n;

  /** @param end rejects all waits, with its reason. */
  constructor(end: AbortSignal) {
    this.#end = end;
  }

  /** Resolves once `revision` is reached; rejects with the reason of `signal` or of the end. */
  reach(revision: bigint, signal?: AbortSignal): Promise<void> {
    if (this.#revision >= revision && !this.#end.aborted) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const forgets: (() => void)[] = [];
      const leave = (): void => {
        this.#waits.delete(wait);
        for (const forget of forgets) forget();
      };
      const wait: Wait = {
        revision,
        settle: () => {
          leave();
          resolve();
        },
      };
      this.#waits.add(wait);
      for (const source of [this.#end, signal]) {
        if (source === undefined) continue;
        forgets.push(
          onAbort(source, () => {
            leave();
            reject(source.reason as Error);
          }),
        );
      }
    });
  }

  advance(revision: bigint): void {
    this.#revision = revision;
    for (const wait of this.#waits) {
      if (wait.revision <= revision) wait.settle();
    }
  }
}
