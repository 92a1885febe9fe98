/** Who was allowed what, as far as those knew who changed it, and what users did meanwhile. */
interface Times {
  readonly startMs: number;
  readonly endMs: number;
}

/** A change of one thing: from `startMs` on it may count, from `endMs` on it does. One whose fate is unknown may count at any later time. */
export interface Change<T> extends Times {
  readonly value: T;
  readonly outcome: "ok" | "unknown";
}

export type Access = "none" | "read" | "write" | "readwrite";

/** What one thing was, over time. Changes of it follow one another. */
export class Timeline<T> {
  readonly changes: Change<T>[];

  constructor(initial: T) {
    this.changes = [{ value: initial, outcome: "ok", startMs: -Infinity, endMs: -Infinity }];
  }

  /** What it may have been at some moment from `fromMs` to `toMs`. */
  *possible(fromMs: number, toMs: number): Generator<T> {
    for (const [i, change] of this.changes.entries()) {
      if (change.startMs > toMs) return;
      const next = this.changes.slice(i + 1).find(({ outcome }) => outcome === "ok");
      const untilMs = change.outcome === "ok" ? (next?.endMs ?? Infinity) : Infinity;
      if (untilMs >= fromMs) yield change.value;
    }
  }
}

export interface UserOperation extends Times {
  /** Empty for somebody without a token. */
  readonly user: string;
  readonly key: string;
  readonly kind: "read" | "write";
  /** What was written, or what was read; undefined for nothing there. Each write has a value of its own. */
  readonly value: string | undefined;
  /**
   * `denied`: by what the user may do, or for want of a user. `refused`: for any other reason that rules out that it was done.
   */
  readonly outcome: "ok" | "denied" | "refused" | "unknown";
}

export interface PermissionHistory {
  readonly isEnabled: Timeline<boolean>;
  /** By user and key, with a space between. */
  readonly access: ReadonlyMap<string, Timeline<Access>>;
  readonly operations: readonly UserOperation[];
}
