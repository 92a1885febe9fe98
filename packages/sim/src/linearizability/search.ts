/**
 * Is there an order of the operations that the model allows and real time does not contradict?
 *
 * Depth first with a stack of its own: order any operation that was called before the first return still to be placed; when
 * none fits, go back. Completed operations are tried before open ones, an open one only if it changes the state, and of
 * interchangeable open ones only the one that started first, and only where what follows needs it; so many lost answers cost
 * little.
 *
 * Invariant: `configurations` and `list` always describe the operations on the stack.
 * Limits: `SearchLimits`; memory grows with the configurations only.
 * Source: Wing and Gong 1993; Lowe, "Testing for linearizability", 2016. Not here: splitting a history by key, see the models.
 */
import { Configurations } from "./configurations.js";
import { SEARCH_LIMITS } from "./model.js";
import type { CounterExample, Model, SearchLimits, SearchResult, Timed } from "./model.js";
import { OpenOperations } from "./open-operations.js";
import { ReturnList } from "./return-list.js";

/** How much of an order a counter-example shows. */
const LAST_ORDERED_MAX = 8;
const CONCURRENT_MAX = 16;

export function searchOrder<State, Operation>(
  model: Model<State, Operation>,
  history: readonly Timed<Operation>[],
  limits: SearchLimits = SEARCH_LIMITS,
): SearchResult<State, Operation> {
  return new Search(model, history).run(limits);
}

interface Step<State, Operation> {
  readonly isOpen: boolean;
  readonly index: number;
  readonly operation: Timed<Operation>;
  readonly before: State;
  /** The return that was the first one when an open operation was ordered. */
  readonly firstReturn: number;
}

class Search<State, Operation> {
  readonly #model: Model<State, Operation>;
  readonly #completed: readonly Timed<Operation>[];
  readonly #open: OpenOperations<Operation>;
  readonly #list: ReturnList;
  readonly #configurations: Configurations;
  readonly #stack: Step<State, Operation>[] = [];
  readonly #effectsByState = new Map<string, readonly number[]>();
  #completedOnStack = 0;
  #state: State;
  #stateKey: string;
  #furthestPlace = -1;
  #furthestLength = 0;
  #furthest: CounterExample<State, Operation> | undefined;

  constructor(model: Model<State, Operation>, history: readonly Timed<Operation>[]) {
    this.#model = model;
    const byStart = [...history].sort((a, b) => a.start - b.start);
    this.#completed = byStart.filter(({ end }) => end !== Infinity);
    this.#open = new OpenOperations(
      byStart.filter(({ end }) => end === Infinity),
      (operation) => model.effectOf(operation),
    );
    this.#list = new ReturnList(this.#completed);
    this.#configurations = new Configurations(this.#completed.length, this.#open.count);
    this.#state = model.initial;
    this.#stateKey = model.keyOf(model.initial);
  }

  run(limits: SearchLimits): SearchResult<State, Operation> {
    let entry = this.#list.first;
    let effect = 0;
    this.#configurations.enter(this.#stateKey);
    while (this.#completedOnStack < this.#completed.length) {
      if (this.#configurations.count > limits.configurationsMax) {
        const { count } = this.#configurations;
        return { kind: "undecided", limit: "configurationsMax", configurations: count };
      }
      if ((entry & 1) === 0) {
        if (this.#tryCompleted(entry >> 1)) {
          entry = this.#list.first;
          effect = 0;
        } else {
          entry = this.#list.next(entry);
        }
        continue;
      }
      // No completed operation fits before this return: perhaps after an open one.
      if (effect === 0) this.#noteBlocked(entry);
      if (effect < this.#open.effectCount) {
        if (this.#tryOpen(effect, entry)) {
          entry = this.#list.first;
          effect = 0;
        } else {
          effect += 1;
        }
        continue;
      }
      const undone = this.#goBack();
      if (undone === undefined) return { kind: "violation", counterExample: this.#counterExample() };
      entry = undone.isOpen ? undone.firstReturn : this.#list.next(2 * undone.index);
      effect = undone.isOpen ? this.#open.effectIndexOf(undone.index) + 1 : 0;
    }
    return { kind: "linearizable", configurations: this.#configurations.count };
  }

  #tryCompleted(index: number): boolean {
    const operation = this.#completed[index]!;
    const after = this.#model.step(this.#state, operation.operation);
    if (after === undefined) return false;
    const key = this.#model.keyOf(after);
    if (this.#isSameWithoutLastOpen(operation, key)) return false;
    this.#configurations.orderCompleted(index);
    if (!this.#configurations.enter(key)) {
      this.#configurations.undoCompleted(index);
      return false;
    }
    this.#list.lift(index);
    this.#completedOnStack += 1;
    this.#push({ isOpen: false, index, operation, before: this.#state, firstReturn: -1 }, after, key);
    return true;
  }

  #tryOpen(effect: number, firstReturn: number): boolean {
    const index = this.#open.nextOf(effect);
    if (index === undefined) return false;
    const operation = this.#open.at(index);
    if (operation.start > this.#completed[firstReturn >> 1]!.end) return false;
    const after = this.#model.step(this.#state, operation.operation);
    if (after === undefined) return false;
    const key = this.#model.keyOf(after);
    if (key === this.#stateKey || this.#isSameWithoutLastOpen(operation, key)) return false;
    if (!this.#canMatter(after, firstReturn)) return false;
    this.#configurations.useOpen(index);
    if (!this.#configurations.enter(key)) {
      this.#configurations.undoOpen(index);
      return false;
    }
    this.#open.use(effect);
    this.#push({ isOpen: true, index, operation, before: this.#state, firstReturn }, after, key);
    return true;
  }

  /**
   * Whether anything that may come next notices that the state is `after` now. Looked for before the configuration is entered: of
   * hundreds of lost writes, each with a value of its own, at most one is what a blocked read waits for.
   */
  #canMatter(after: State, firstReturn: number): boolean {
    const untilMs = this.#completed[firstReturn >> 1]!.end;
    for (let entry = this.#list.first; ; entry = this.#list.next(entry)) {
      if ((entry & 1) === 0) {
        if (this.#isNoticed(this.#completed[entry >> 1]!.operation, after)) return true;
      } else if (entry === firstReturn) break;
    }
    for (const effect of this.#effectsOn(after)) {
      const index = this.#open.nextOf(effect);
      if (index === undefined) continue;
      const { operation, start } = this.#open.at(index);
      if (start <= untilMs && this.#isNoticed(operation, after)) return true;
    }
    return false;
  }

  /** Effects of open operations that depend on the state and change this one; looked for once for each state. */
  #effectsOn(state: State): readonly number[] {
    const { keyOf, isBlind } = this.#model;
    const key = keyOf(state);
    const known = this.#effectsByState.get(key);
    if (known !== undefined) return known;
    const effects: number[] = [];
    for (let effect = 0; effect < this.#open.effectCount; effect += 1) {
      const { operation } = this.#open.firstOf(effect);
      if (isBlind?.(operation) === true) continue;
      const then = this.#model.step(state, operation);
      if (then !== undefined && keyOf(then) !== key) effects.push(effect);
    }
    this.#effectsByState.set(key, effects);
    return effects;
  }

  /** Whether the operation is possible in the state `after`, and is not or does something else in the present one. */
  #isNoticed(operation: Operation, after: State): boolean {
    const then = this.#model.step(after, operation);
    if (then === undefined) return false;
    const now = this.#model.step(this.#state, operation);
    if (now === undefined) return true;
    // Most do: a lost write of another value, a compare of a value that is in neither state.
    if (now === then || (now === this.#state && then === after)) return false;
    const { keyOf } = this.#model;
    // What changes neither state may as well come first.
    if (keyOf(then) === keyOf(after) && keyOf(now) === this.#stateKey) return false;
    return keyOf(now) !== keyOf(then);
  }

  /**
   * Whether the open operation ordered last makes no difference to this one: then the search that leaves it out, or orders it
   * later, and has it still to use, does at least as well.
   */
  #isSameWithoutLastOpen(operation: Timed<Operation>, keyAfter: string): boolean {
    const last = this.#stack.at(-1);
    if (last === undefined || !last.isOpen) return false;
    const without = this.#model.step(last.before, operation.operation);
    if (without === undefined) return false;
    const { keyOf } = this.#model;
    return (
      keyOf(without) === keyAfter || (keyAfter === this.#stateKey && keyOf(without) === keyOf(last.before))
    );
  }

  #push(step: Step<State, Operation>, after: State, key: string): void {
    this.#stack.push(step);
    this.#state = after;
    this.#stateKey = key;
  }

  #goBack(): Step<State, Operation> | undefined {
    const step = this.#stack.pop();
    if (step === undefined) return undefined;
    if (step.isOpen) {
      this.#configurations.undoOpen(step.index);
      this.#open.undo(this.#open.effectIndexOf(step.index));
    } else {
      this.#configurations.undoCompleted(step.index);
      this.#list.putBack(step.index);
      this.#completedOnStack -= 1;
    }
    this.#state = step.before;
    this.#stateKey = this.#model.keyOf(step.before);
    return step;
  }

  /** The latest return that ever stood in the way ends the shortest prefix without an order; the shortest order shows it best. */
  #noteBlocked(entry: number): void {
    const place = this.#list.placeOf(entry);
    const isShorter = place === this.#furthestPlace && this.#stack.length < this.#furthestLength;
    if (place <= this.#furthestPlace && !isShorter) return;
    this.#furthestPlace = place;
    this.#furthestLength = this.#stack.length;
    const impossible = this.#completed[entry >> 1]!;
    const lastOrdered = this.#stack.slice(-LAST_ORDERED_MAX).map(({ operation }) => operation);
    const concurrent: Timed<Operation>[] = [];
    for (
      let at = this.#list.first;
      at !== entry && concurrent.length < CONCURRENT_MAX;
      at = this.#list.next(at)
    ) {
      const operation = this.#completed[at >> 1]!;
      if (operation !== impossible) concurrent.push(operation);
    }
    const orderedBefore = this.#stack.length - lastOrdered.length;
    this.#furthest = { impossible, lastOrdered, orderedBefore, state: this.#state, concurrent };
  }

  #counterExample(): CounterExample<State, Operation> {
    if (this.#furthest === undefined) throw new Error("a search ended without having met a return");
    return this.#furthest;
  }
}
