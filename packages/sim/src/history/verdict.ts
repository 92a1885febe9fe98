/** What a checker has to say. */

export type ViolationKind =
  /** No order of the operations explains the answers. */
  | "linearizability"
  /** Revisions contradict each other or real time. */
  | "revision-order"
  /** An acknowledged write is not in the store's history where it should be, or the history has what nobody wrote. */
  | "durability"
  /** A watcher was told something else than the store's history. */
  | "watch"
  /** Members differ. */
  | "hash";

export interface Violation {
  readonly kind: ViolationKind;
  /** One sentence with the numbers. */
  readonly summary: string;
  /** Several lines: the operations or events concerned, in an order that explains. Empty when the summary says it all. */
  readonly details: string;
}

/**
 * - `sound`: everything was checked and nothing found.
 * - `violation`: at least one was found.
 * - `undecided`: nothing was found, but `limits` names what could not be checked to the end.
 */
export interface Verdict {
  readonly kind: "sound" | "violation" | "undecided";
  /** The first `VIOLATIONS_MAX` of them. */
  readonly violations: readonly Violation[];
  readonly violationCount: number;
  readonly limits: readonly string[];
}

/** Enough to see the pattern; a broken store breaks thousands of operations in the same way. */
export const VIOLATIONS_MAX = 20;

/** Collects what several checkers say into one verdict. */
export class Findings {
  readonly #violations: Violation[] = [];
  readonly #limits: string[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(kind: ViolationKind, summary: string, details = ""): void {
    this.#count += 1;
    if (this.#violations.length < VIOLATIONS_MAX) this.#violations.push({ kind, summary, details });
  }

  /** Something could not be checked; `what` names the limit that was met. */
  addLimit(what: string): void {
    this.#limits.push(what);
  }

  verdict(): Verdict {
    const kind = this.#count > 0 ? "violation" : this.#limits.length > 0 ? "undecided" : "sound";
    return { kind, violations: this.#violations, violationCount: this.#count, limits: this.#limits };
  }
}

/** The verdict for people: one line if all is well, else every violation with its details. */
export function formatVerdict(verdict: Verdict): string {
  const lines = [`verdict: ${verdict.kind}`];
  if (verdict.violationCount > 0) lines[0] += `, ${verdict.violationCount} violations`;
  for (const limit of verdict.limits) lines.push(`not decided: ${limit}`);
  verdict.violations.forEach(({ kind, summary, details }, index) => {
    lines.push("", `${index + 1}. ${kind}: ${summary}`);
    if (details !== "") lines.push(...details.split("\n").map((line) => `   ${line}`));
  });
  const hidden = verdict.violationCount - verdict.violations.length;
  if (hidden > 0) lines.push("", `and ${hidden} more`);
  return lines.join("\n");
}
