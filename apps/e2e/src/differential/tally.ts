import type { AnyOutcome } from "./outcome.js";
import type { OperationKind } from "./operation.js";

/** Counts what was asked and how it ended, so that a reader sees what a run has covered. */
export class Tally {
  readonly #counts = new Map<string, number>();

  count(kind: OperationKind, outcome: AnyOutcome): void {
    const ending = outcome.ok ? "ok" : outcome.text.replace(/\d{4,}/g, "N");
    this.add(`${kind}: ${ending}`);
  }

  add(line: string): void {
    this.#counts.set(line, (this.#counts.get(line) ?? 0) + 1);
  }

  countOf(line: string): number {
    return this.#counts.get(line) ?? 0;
  }

  /** One line per kind and ending, sorted. */
  describe(): string {
    return [...this.#counts]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([line, count]) => `${String(count).padStart(7)}  ${line}`)
      .join("\n");
  }
}
