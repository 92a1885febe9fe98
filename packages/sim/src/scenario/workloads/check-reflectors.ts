/**
 * Reflectors keep a copy of the objects: a list, and the changes since. The copy has to be what the store holds, at each revision that
 * the reflector knows of. The store's own history may be compacted, so the truth is what all reflectors together were told:
 *
 * - of one revision all are told the same, and each is told all of it that anybody was, in order and once;
 * - a change fits the copy: the second version follows the first, and only what is there is deleted;
 * - a list is what an earlier list became by the changes between, where somebody was told of all of them;
 * - what was acknowledged to a writer is among the changes.
 */
import type { StoredKey } from "../../history/operation.js";
import type { StoreEvent } from "../../history/watcher-log.js";
import { describeEvent, describeKey, isSameKey } from "../../revisions/describe-key.js";
import type { ObjectWrite, ReflectorLog } from "./reflector-log.js";
import { WORKLOAD_VIOLATIONS_MAX } from "./world.js";

/** A stretch of revisions of which a reflector was told everything. */
interface Stretch {
  readonly fromRevision: number;
  toRevision: number;
}

type Objects = Map<string, StoredKey>;

export function checkReflectors(logs: readonly ReflectorLog[], writes: readonly ObjectWrite[]): string[] {
  const truth = new Truth();
  const violations: string[] = [];
  for (const log of logs) new Reflection(log, truth, violations).run();
  truth.check(logs, writes, violations);
  return [...truth.contradictions, ...violations].slice(0, WORKLOAD_VIOLATIONS_MAX);
}

/** The copy of one reflector, as it was told. */
class Reflection {
  readonly #log: ReflectorLog;
  readonly #truth: Truth;
  readonly #violations: string[];
  #objects: Objects = new Map();
  #stretch: Stretch = { fromRevision: 0, toRevision: 0 };
  #isInFragment = false;

  constructor(log: ReflectorLog, truth: Truth, violations: string[]) {
    this.#log = log;
    this.#truth = truth;
    this.#violations = violations;
  }

  run(): void {
    for (const record of this.#log.records) {
      switch (record.kind) {
        case "listed":
          this.#objects = new Map(record.items.map((item) => [item.key, item]));
          this.#truth.lists.push({
            revision: record.revision,
            objects: new Map(this.#objects),
            by: this.#log.name,
          });
          this.#stretch = { fromRevision: record.revision, toRevision: record.revision };
          this.#truth.addStretch(this.#log.name, this.#stretch);
          break;
        case "watching":
          this.#isInFragment = false;
          if (record.startRevision !== this.#stretch.toRevision + 1)
            this.#break(`watches from ${record.startRevision}, and knows ${this.#stretch.toRevision}`);
          break;
        case "events":
          for (const event of record.events) this.#take(event);
          this.#isInFragment = record.isFragment;
          this.#reach((record.events.at(-1)?.modRevision ?? 0) - (record.isFragment ? 1 : 0));
          break;
        case "bookmark":
          if (this.#isInFragment) this.#break(`was told of ${record.revision} in the middle of a revision`);
          this.#reach(record.revision);
      }
    }
  }

  #reach(revision: number): void {
    this.#stretch.toRevision = Math.max(this.#stretch.toRevision, revision);
  }

  #take(event: StoreEvent): void {
    if (event.modRevision <= this.#stretch.toRevision)
      this.#break(`was told ${describeEvent(event)}, and knows all up to ${this.#stretch.toRevision}`);
    this.#truth.add(event, this.#log.name);
    const known = this.#objects.get(event.key);
    if (event.kind === "delete") {
      if (known === undefined) this.#break(`was told ${describeEvent(event)}, of what is not there`);
      this.#objects.delete(event.key);
      return;
    }
    if (event.version !== (known?.version ?? 0) + 1)
      this.#break(`was told ${describeEvent(event)} behind ${describeKey(known)}`);
    const { key, value, createRevision, modRevision, version } = event;
    this.#objects.set(key, { key, value, createRevision, modRevision, version });
  }

  #break(what: string): void {
    if (this.#violations.length < WORKLOAD_VIOLATIONS_MAX) this.#violations.push(`${this.#log.name} ${what}`);
  }
}

class Truth {
  readonly contradictions: string[] = [];
  readonly lists: { readonly revision: number; readonly objects: Objects; readonly by: string }[] = [];
  readonly #events = new Map<number, Map<string, StoreEvent>>();
  readonly #stretches: { readonly by: string; readonly stretch: Stretch }[] = [];
  readonly #toldTo = new Map<string, Set<string>>();

  add(event: StoreEvent, by: string): void {
    let changes = this.#events.get(event.modRevision);
    if (changes === undefined) this.#events.set(event.modRevision, (changes = new Map<string, StoreEvent>()));
    const known = changes.get(event.key);
    if (known !== undefined && (known.kind !== event.kind || !isSameKey(known, event)))
      this.contradictions.push(`${by} was told ${describeEvent(event)}, others ${describeEvent(known)}`);
    changes.set(event.key, event);
    let told = this.#toldTo.get(by);
    if (told === undefined) this.#toldTo.set(by, (told = new Set<string>()));
    told.add(`${event.modRevision} ${event.key}`);
  }

  addStretch(by: string, stretch: Stretch): void {
    this.#stretches.push({ by, stretch });
  }

  check(logs: readonly ReflectorLog[], writes: readonly ObjectWrite[], violations: string[]): void {
    for (const { name } of logs) this.#checkToldAll(name, violations);
    this.#checkLists(violations);
    this.#checkWrites(writes, violations);
  }

  #checkToldAll(name: string, violations: string[]): void {
    const told = this.#toldTo.get(name);
    for (const { by, stretch } of this.#stretches) {
      if (by !== name) continue;
      for (const event of this.#between(stretch.fromRevision, stretch.toRevision))
        if (told?.has(`${event.modRevision} ${event.key}`) !== true)
          violations.push(
            `${name} was never told ${describeEvent(event)}, and knows all up to ${stretch.toRevision}`,
          );
    }
  }

  /** Changes behind the first revision, up to and with the second one, in order. */
  #between(afterRevision: number, toRevision: number): StoreEvent[] {
    const revisions = [...this.#events.keys()].filter((each) => each > afterRevision && each <= toRevision);
    return revisions.sort((a, b) => a - b).flatMap((each) => [...(this.#events.get(each)?.values() ?? [])]);
  }

  #checkLists(violations: string[]): void {
    const ordered = this.lists.sort((a, b) => a.revision - b.revision);
    const covered = this.#covered();
    for (const [i, list] of ordered.entries()) {
      const before = ordered[i - 1];
      if (before === undefined || !isWithin(covered, before.revision, list.revision)) continue;
      const expected = new Map(before.objects);
      for (const event of this.#between(before.revision, list.revision))
        if (event.kind === "delete") expected.delete(event.key);
        else expected.set(event.key, event);
      for (const key of new Set([...expected.keys(), ...list.objects.keys()]))
        if (!isSameKey(expected.get(key), list.objects.get(key)))
          violations.push(
            `the list of ${list.by} at revision ${list.revision} has ${describeKey(list.objects.get(key))}, and the changes say ${describeKey(expected.get(key))}`,
          );
    }
  }

  #checkWrites(writes: readonly ObjectWrite[], violations: string[]): void {
    const covered = this.#covered();
    for (const { kind, key, value, revision } of writes) {
      if (!isWithin(covered, revision - 1, revision)) continue;
      const event = this.#events.get(revision)?.get(key);
      if (event?.kind !== kind || (kind === "put" && event.value !== value))
        violations.push(
          `${kind} ${key}=${value} was acknowledged at revision ${revision}, and nobody was told of it`,
        );
    }
  }

  /** Stretches of all reflectors, those that touch made one, in order. */
  #covered(): Stretch[] {
    const merged: Stretch[] = [];
    const all = this.#stretches.map(({ stretch }) => ({ ...stretch }));
    for (const stretch of all.sort((a, b) => a.fromRevision - b.fromRevision)) {
      const last = merged.at(-1);
      if (last !== undefined && stretch.fromRevision <= last.toRevision)
        last.toRevision = Math.max(last.toRevision, stretch.toRevision);
      else merged.push(stretch);
    }
    return merged;
  }
}

function isWithin(stretches: readonly Stretch[], fromRevision: number, toRevision: number): boolean {
  return stretches.some((each) => each.fromRevision <= fromRevision && each.toRevision >= toRevision);
}
