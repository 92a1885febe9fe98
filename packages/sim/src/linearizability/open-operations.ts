/**
 * Operations without a known outcome, grouped by what they would do: those of one group are interchangeable, and the one that
 * started first can be used wherever another could.
 */
import type { Timed } from "./model.js";

export class OpenOperations<Operation> {
  readonly #operations: readonly Timed<Operation>[];
  /** For each effect the operations with it, by start, and how many of them are used. */
  readonly #members: number[][] = [];
  readonly #usedCount: number[] = [];
  readonly #effectIndex: number[] = [];

  /** @param operations ordered by start. */
  constructor(operations: readonly Timed<Operation>[], effectOf: (operation: Operation) => string) {
    this.#operations = operations;
    const indexByEffect = new Map<string, number>();
    operations.forEach(({ operation }, index) => {
      const effect = effectOf(operation);
      let group = indexByEffect.get(effect);
      if (group === undefined) {
        group = this.#members.length;
        indexByEffect.set(effect, group);
        this.#members.push([]);
        this.#usedCount.push(0);
      }
      this.#members[group]!.push(index);
      this.#effectIndex.push(group);
    });
  }

  get count(): number {
    return this.#operations.length;
  }

  get effectCount(): number {
    return this.#members.length;
  }

  at(index: number): Timed<Operation> {
    return this.#operations[index]!;
  }

  /** Stands for all with the effect. */
  firstOf(effect: number): Timed<Operation> {
    return this.#operations[this.#members[effect]![0]!]!;
  }

  effectIndexOf(index: number): number {
    return this.#effectIndex[index]!;
  }

  /** The first unused operation with the effect; undefined when all are used. */
  nextOf(effect: number): number | undefined {
    return this.#members[effect]![this.#usedCount[effect]!];
  }

  use(effect: number): void {
    this.#usedCount[effect]! += 1;
  }

  undo(effect: number): void {
    this.#usedCount[effect]! -= 1;
  }
}
