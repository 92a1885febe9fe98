/**
 * Lists that are only appended to betray every order that is not serial. Each read shows who wrote before whom: the longest read of a
 * list is the order of its writes, every other one is a beginning of it. From that come dependencies between transactions, and what is
 * wrong is a cycle of them.
 *
 * Names of anomalies, by what the cycle is made of: G0 (writes overtake each other), G1c (with reads of writes), G-single (one read that
 * missed a write), G2 (several), and the same across real time. G1a is a read of a refused write, G1b a read of half a write.
 * The store's revisions have to agree with each dependency.
 *
 * Source: Adya's anomalies; the inference is that of Kingsbury and Alvaro, "Elle", VLDB 2020.
 */
import { DependencyGraph, EDGE } from "./dependency-graph.js";
import { describeTransaction, type ListTransaction } from "./list-history.js";
import { WORKLOAD_VIOLATIONS_MAX } from "./world.js";

const CYCLES = [
  ["G0", EDGE.ww],
  ["G1c", EDGE.ww | EDGE.wr],
  ["G2", EDGE.ww | EDGE.wr | EDGE.rw],
  ["real-time", EDGE.ww | EDGE.wr | EDGE.rw | EDGE.time],
] as const;

interface Writer {
  /** Index of the transaction. */
  readonly transaction: number;
  readonly key: string;
  /** The last one of those that its transaction appended to the list in one step. */
  readonly isLast: boolean;
}

export function checkAppendLists(history: readonly ListTransaction[]): string[] {
  const check = new ListCheck(history);
  check.run();
  return check.violations;
}

class ListCheck {
  readonly violations: string[] = [];
  readonly #history: readonly ListTransaction[];
  readonly #writers = new Map<number, Writer>();
  /** The longest that was read of each list. */
  readonly #longest = new Map<string, readonly number[]>();

  constructor(history: readonly ListTransaction[]) {
    this.#history = history;
  }

  run(): void {
    this.#collect();
    for (const transaction of this.#history) if (transaction.outcome === "ok") this.#checkReads(transaction);
    this.#checkLost();
    // Orders that contradict each other can't be made into one.
    if (this.violations.length === 0) this.#checkCycles();
  }

  #collect(): void {
    for (const [index, { operations, outcome }] of this.#history.entries()) {
      for (const { kind, key, elements } of operations) {
        if (kind === "append")
          for (const [i, element] of elements.entries())
            this.#writers.set(element, { transaction: index, key, isLast: i === elements.length - 1 });
        else if (outcome === "ok" && elements.length > (this.#longest.get(key)?.length ?? -1))
          this.#longest.set(key, elements);
      }
    }
  }

  #checkReads(reader: ListTransaction): void {
    for (const { kind, key, elements } of reader.operations) {
      if (kind !== "read") continue;
      const longest = this.#longest.get(key) ?? [];
      const odd = elements.findIndex((element, i) => element !== longest[i]);
      if (odd >= 0)
        this.#break(
          `two reads of ${key} disagree at place ${odd}: ${elements[odd]} and ${longest[odd]}`,
          reader,
        );
      if (new Set(elements).size !== elements.length) this.#break(`an element is twice in ${key}`, reader);
      for (const element of elements) {
        const writer = this.#writers.get(element);
        if (writer === undefined || writer.key !== key)
          this.#break(`nobody wrote ${element} to ${key}`, reader);
        else if (this.#history[writer.transaction]?.outcome === "failed")
          this.#break(`G1a: ${element} in ${key} was refused`, reader);
      }
      const last = elements.at(-1);
      if (last !== undefined && this.#writers.get(last)?.isLast === false)
        this.#break(`G1b: ${key} ends in the middle of an append, at ${last}`, reader);
    }
  }

  /** What was acknowledged is in each read that began later. */
  #checkLost(): void {
    const places = new Map<string, ReadonlyMap<number, number>>();
    for (const [key, elements] of this.#longest)
      places.set(key, new Map(elements.map((element, i) => [element, i])));
    const lengths = new LatestReads(this.#history);
    for (const writer of this.#history) {
      if (writer.outcome !== "ok") continue;
      for (const { kind, key, elements } of writer.operations) {
        const last = elements.at(-1);
        if (kind !== "append" || last === undefined) continue;
        const place = places.get(key)?.get(last);
        const missing = lengths.firstShorter(key, writer.endMs, place === undefined ? Infinity : place + 1);
        if (missing !== undefined)
          this.#break(`${last} was appended to ${key} by T${writer.id}, and is not there`, missing);
      }
    }
  }

  #checkCycles(): void {
    const graph = new DependencyGraph(this.#history.length);
    this.#addWrites(graph);
    this.#addReads(graph);
    this.#checkRevisions(graph);
    addTime(graph, this.#history);
    for (const [name, reasons] of CYCLES) {
      const cycle = graph.findCycle(reasons);
      if (cycle === undefined) continue;
      const missed = cycle.filter(([, , reason]) => reason === EDGE.rw).length;
      const what = name === "G2" && missed === 1 ? "G-single" : name;
      const nodes = cycle.flatMap(([from, , reason]) => {
        const transaction = this.#history[from];
        return transaction === undefined
          ? []
          : [`  ${describeTransaction(transaction)} -${nameOf(reason)}->`];
      });
      this.violations.push([`${what}: a cycle of transactions`, ...nodes].join("\n"));
      return;
    }
  }

  #addWrites(graph: DependencyGraph): void {
    for (const elements of this.#longest.values())
      for (let i = 1; i < elements.length; i++) {
        const before = this.#writers.get(elements[i - 1]!);
        const after = this.#writers.get(elements[i]!);
        if (before !== undefined && after !== undefined)
          graph.add(before.transaction, after.transaction, EDGE.ww);
      }
  }

  #addReads(graph: DependencyGraph): void {
    for (const [index, { outcome, operations }] of this.#history.entries()) {
      if (outcome !== "ok") continue;
      for (const { kind, key, elements } of operations) {
        if (kind !== "read") continue;
        const last = elements.at(-1);
        const writer = last === undefined ? undefined : this.#writers.get(last);
        if (writer !== undefined) graph.add(writer.transaction, index, EDGE.wr);
        const next = this.#longest.get(key)?.[elements.length];
        const overwriter = next === undefined ? undefined : this.#writers.get(next);
        if (overwriter !== undefined) graph.add(index, overwriter.transaction, EDGE.rw);
      }
    }
  }

  /** A later write has a later revision, a read is at or behind what it read, and before what it missed. */
  #checkRevisions(graph: DependencyGraph): void {
    for (const [from, to, reason] of graph.edges()) {
      const before = this.#history[from];
      const after = this.#history[to];
      if (before?.revision === undefined || after?.revision === undefined) continue;
      const isRight =
        reason === EDGE.wr ? before.revision <= after.revision : before.revision < after.revision;
      if (!isRight)
        this.#break(
          `revisions contradict the order (${nameOf(reason)}) after ${describeTransaction(before)}`,
          after,
        );
    }
  }

  #break(what: string, where: ListTransaction): void {
    if (this.violations.length < WORKLOAD_VIOLATIONS_MAX)
      this.violations.push(`${what}: ${describeTransaction(where)}`);
  }
}

/** Reads of each list by when they began, with the shortest from there on: what must be in all later reads is asked often. */
class LatestReads {
  readonly #reads = new Map<string, { reader: ListTransaction; length: number }[]>();
  readonly #shortestFrom = new Map<string, { reader: ListTransaction; length: number }[]>();

  constructor(history: readonly ListTransaction[]) {
    for (const reader of history) {
      if (reader.outcome !== "ok") continue;
      for (const { kind, key, elements } of reader.operations) {
        if (kind !== "read") continue;
        const reads = this.#reads.get(key) ?? [];
        this.#reads.set(key, reads);
        reads.push({ reader, length: elements.length });
      }
    }
    for (const [key, reads] of this.#reads) {
      reads.sort((a, b) => a.reader.startMs - b.reader.startMs);
      const shortest = [...reads];
      for (let i = shortest.length - 2; i >= 0; i--)
        if (shortest[i + 1]!.length < shortest[i]!.length) shortest[i] = shortest[i + 1]!;
      this.#shortestFrom.set(key, shortest);
    }
  }

  /** @returns a read of the list that began after `afterMs` and shows fewer elements than `length`. */
  firstShorter(key: string, afterMs: number, length: number): ListTransaction | undefined {
    const reads = this.#reads.get(key) ?? [];
    let low = 0;
    let high = reads.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (reads[middle]!.reader.startMs <= afterMs) low = middle + 1;
      else high = middle;
    }
    const shortest = this.#shortestFrom.get(key)?.[low];
    return shortest !== undefined && shortest.length < length ? shortest.reader : undefined;
  }
}

/** What began after something else had ended came later. A chain of moments stands between, so that edges stay few. */
function addTime(graph: DependencyGraph, history: readonly ListTransaction[]): void {
  const moments: { atMs: number; index: number; isEnd: boolean }[] = [];
  for (const [index, { outcome, startMs, endMs }] of history.entries()) {
    if (outcome === "failed") continue;
    moments.push({ atMs: startMs, index, isEnd: false });
    if (outcome === "ok") moments.push({ atMs: endMs, index, isEnd: true });
  }
  // Of one moment, what begins comes first: then it was not later.
  moments.sort((a, b) => a.atMs - b.atMs || Number(a.isEnd) - Number(b.isEnd));
  let last: number | undefined;
  for (const { index, isEnd } of moments) {
    if (!isEnd) {
      if (last !== undefined) graph.add(last, index, EDGE.time);
      continue;
    }
    const next = graph.addNode();
    graph.add(index, next, EDGE.time);
    if (last !== undefined) graph.add(last, next, EDGE.time);
    last = next;
  }
}

function nameOf(reason: number): string {
  return Object.entries(EDGE).find(([, bit]) => bit === reason)?.[0] ?? "?";
}
