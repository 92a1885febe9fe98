/** The operations of a load while it runs. Bounded: a load asks `isFull` before it starts one more. */
import { canWrite, hasWritten, type KvOperation } from "../history/operation.js";
import type { Mark, Tally } from "./history.js";

/** About 400 bytes each: twenty minutes at 1 500 a second stay below 800 MB. */
export const OPERATIONS_MAX = 2_000_000;

/** Different error texts that are counted by themselves. */
const ERROR_TEXTS_MAX = 100;

export class OperationLog {
  readonly operations: KvOperation[] = [];
  readonly successMs: number[] = [];
  readonly marks: Mark[] = [];
  readonly #operationsMax: number;
  readonly #errors = new Map<string, number>();
  #nextId = 1;
  #ok = 0;
  #failed = 0;
  #unknown = 0;

  constructor(operationsMax: number) {
    this.#operationsMax = operationsMax;
  }

  get okCount(): number {
    return this.#ok;
  }

  get isFull(): boolean {
    return this.#nextId > this.#operationsMax;
  }

  takeId(): number {
    return this.#nextId++;
  }

  /** Operations come in the order they end. */
  add(operation: KvOperation): void {
    const { outcome, request, endMs } = operation;
    if (outcome.kind === "ok") {
      this.#ok += 1;
      if (hasWritten(operation)) this.successMs.push(endMs);
    } else {
      if (outcome.kind === "failed") this.#failed += 1;
      else this.#unknown += 1;
      this.#countError(outcome.error);
      // Without an answer a read says nothing.
      if (!canWrite(request)) return;
    }
    this.operations.push(operation);
  }

  tally(): Tally {
    const errors = Object.fromEntries(this.#errors);
    return { ok: this.#ok, failed: this.#failed, unknown: this.#unknown, errors };
  }

  #countError(error: string): void {
    // Numbers in a text (ports, times) make no new error.
    const text = error.replace(/\d+(\.\d+)?/g, "N");
    const isNew = !this.#errors.has(text);
    const name = isNew && this.#errors.size >= ERROR_TEXTS_MAX ? "others" : text;
    this.#errors.set(name, (this.#errors.get(name) ?? 0) + 1);
  }
}
