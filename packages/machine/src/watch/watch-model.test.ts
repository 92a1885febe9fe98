/** Random histories and watchers against a model that knows everything: ordered, unique, reliable, atomic, truthful progress. */
import { Prng } from "@quorate/std";
import { describe, expect, test } from "vitest";
import { HubFixture, type Response, type TestStream } from "./testing/hub-fixture.js";
import { createSpec, ModelHistory, ModelWatcher } from "./testing/watch-model.js";

interface Flavour {
  readonly name: string;
  /** One key twice in a transaction; a compaction may then free a part of the revision that it leaves. */
  readonly twice: boolean;
  readonly compactions: boolean;
  readonly slow: boolean;
  readonly recentBytesMax: number;
  readonly valueBytes: number;
  readonly seeds: number;
  /** Each look at the clock ends the turn. */
  readonly shortTurns: boolean;
}

const FLAVOURS: readonly Flavour[] = [
  {
    name: "roomy",
    twice: true,
    compactions: false,
    slow: false,
    recentBytesMax: 1 << 20,
    valueBytes: 4,
    seeds: 25,
    shortTurns: false,
  },
  {
    name: "slow streams",
    twice: true,
    compactions: false,
    slow: true,
    recentBytesMax: 4096,
    valueBytes: 4,
    seeds: 25,
    shortTurns: false,
  },
  {
    name: "compactions",
    twice: false,
    compactions: true,
    slow: true,
    recentBytesMax: 512,
    valueBytes: 4,
    seeds: 25,
    shortTurns: false,
  },
  {
    name: "long values",
    twice: false,
    compactions: true,
    slow: true,
    recentBytesMax: 40_000,
    valueBytes: 6000,
    seeds: 5,
    shortTurns: false,
  },
  {
    name: "short turns",
    twice: false,
    compactions: true,
    slow: true,
    recentBytesMax: 4096,
    valueBytes: 4,
    seeds: 50,
    shortTurns: true,
  },
];
const STEPS = 150;
const KEYS = ["a", "b", "c", "ca", "d", "e"];

interface Place {
  readonly stream: TestStream;
  readonly watchers: Map<number, ModelWatcher>;
}

class Run {
  readonly #random: Prng;
  readonly #flavour: Flavour;
  readonly #fixture: HubFixture;
  readonly #history = new ModelHistory();
  readonly #streams: Place[] = [];
  readonly faults: string[] = [];
  /** Kinds of responses seen, so that a test can tell that it tests something. */
  readonly seen = new Map<string, number>();

  constructor(seed: number, flavour: Flavour, fixture: HubFixture) {
    this.#random = new Prng(seed);
    this.#flavour = flavour;
    this.#fixture = fixture;
  }

  async run(): Promise<void> {
    for (let step = 0; step < STEPS && this.faults.length === 0; step++) {
      await this.#step();
      if (this.#random.chance(0.4)) await this.#fixture.settle(this.#random.below(4));
    }
    for (const { stream } of this.#streams) stream.drain();
    for (let i = 0; i < 40; i++) await this.#fixture.settle();
    if (this.#fixture.hub.statistics.behindCount > 0) this.faults.push("somebody stayed behind");
    for (const { watchers } of this.#streams)
      for (const [id, watcher] of watchers) this.#note(watcher.missing(), `watcher ${String(id)}`);
    for (const error of this.#fixture.errors) this.faults.push(String(error));
  }

  #note(fault: string | undefined, where: string): void {
    if (fault !== undefined) this.faults.push(`${where}: ${fault} (R ${String(this.#history.revision)})`);
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const dice = random.below(100);
    if (dice < 45) this.#apply();
    else if (dice < 60) this.#watch();
    else if (dice < 64) this.#cancel();
    else if (dice < 66) this.#closeStream();
    else if (dice < 78) this.#changeRoom();
    else if (dice < 86) this.#pickStream()?.stream.stream.requestProgress();
    else if (dice < 92) this.#pickStream()?.stream.stream.tellProgress();
    else if (dice < 97) await this.#compact();
    else await this.#replaceStore();
  }

  #changes(): string {
    const random = this.#random;
    const keys = new Set<string>();
    const changes: string[] = [];
    for (let count = 1 + random.below(4); count > 0; count--) {
      const key = random.pick(KEYS);
      if (keys.has(key) && !this.#flavour.twice) continue;
      keys.add(key);
      const value = String(random.below(1000)).padStart(1 + random.below(this.#flavour.valueBytes), "x");
      changes.push(random.chance(0.7) ? `+${key}=${value}` : `-${key}`);
    }
    return changes.join(" ");
  }

  #apply(): void {
    for (let count = 1 + this.#random.below(4); count > 0; count--) {
      const changes = this.#changes();
      this.#history.apply(changes);
      const revision = this.#fixture.apply(changes);
      if (revision !== this.#history.revision) throw new Error("the model does not follow");
    }
  }

  #pickStream(): Place | undefined {
    return this.#streams.length === 0 ? undefined : this.#random.pick(this.#streams);
  }

  #watch(): void {
    const random = this.#random;
    if (this.#streams.length === 0 || (this.#streams.length < 6 && random.chance(0.3))) this.#openStream();
    const place = this.#pickStream();
    if (place === undefined) return;
    const { revision } = this.#history;
    const key = random.pick(KEYS);
    const kind = random.below(4);
    const spec = createSpec({
      key,
      rangeEnd: kind === 0 ? "\0" : kind === 1 ? `${key}z` : "",
      startRevision: random.chance(0.4) ? 0 : random.below(revision + 4),
      noPut: random.chance(0.15),
      noDelete: random.chance(0.15),
      withPrevious: random.chance(0.4),
      fragment: random.chance(0.2),
      progress: random.chance(0.5),
    });
    const watcher = new ModelWatcher(this.#history, spec);
    const created = place.stream.stream.create(spec);
    if ("refusal" in created) throw new Error(created.refusal);
    if (created.revision !== revision) this.faults.push("created with another revision than R");
    place.watchers.set(created.id.low, watcher);
  }

  #openStream(): void {
    const stream = this.#fixture.stream();
    const watchers = new Map<number, ModelWatcher>();
    const place = { stream, watchers };
    stream.onResponse = (response) => {
      this.#check(place.watchers, response);
    };
    this.#streams.push(place);
  }

  #check(watchers: ReadonlyMap<number, ModelWatcher>, response: Response): void {
    const { kind, id } = response;
    this.seen.set(kind, (this.seen.get(kind) ?? 0) + 1);
    const where = `${kind} for ${String(id)}`;
    if (kind === "progress" && id === -1) {
      if (watchers.size === 0) this.faults.push("progress of nobody");
      for (const watcher of watchers.values()) this.#note(watcher.onProgress(response.revision), where);
      return;
    }
    const watcher = watchers.get(id);
    if (watcher === undefined) this.faults.push(`${where}: there is no such watcher`);
    else if (kind === "events") this.#note(watcher.onEvents(response.revision, response.events), where);
    else if (kind === "compacted") this.#note(watcher.onCompacted(response.revision), where);
    else this.#note(watcher.onProgress(response.revision), where);
  }

  #cancel(): void {
    const place = this.#pickStream();
    const id = place === undefined ? undefined : [...place.watchers.keys()][0];
    if (place === undefined || id === undefined) return;
    if (place.stream.cancel(id) !== this.#history.revision)
      this.faults.push("cancelled with another revision");
    place.watchers.delete(id);
  }

  #closeStream(): void {
    const place = this.#pickStream();
    if (place === undefined) return;
    place.stream.stream.close();
    place.watchers.clear();
    this.#streams.splice(this.#streams.indexOf(place), 1);
  }

  #changeRoom(): void {
    if (!this.#flavour.slow) return;
    const stream = this.#pickStream()?.stream;
    if (stream?.isDown === true)
      stream.drain(this.#random.chance(0.5) ? Infinity : 1 + this.#random.below(4));
    else if (stream !== undefined) stream.room = 1 + this.#random.below(3);
  }

  async #compact(): Promise<void> {
    if (!this.#flavour.compactions) return;
    const { revision, compactRevision } = this.#history;
    const at = revision - this.#random.below(12);
    if (at <= compactRevision || at < 1) return;
    this.#history.compactRevision = at;
    await this.#fixture.compact(at);
  }

  /** A store from the leader is further on, and may be compacted further. */
  async #replaceStore(): Promise<void> {
    if (!this.#flavour.compactions) return;
    const history = this.#history;
    const ahead = [...Array(this.#random.below(6)).keys()].map(() => this.#changes());
    const next = new ModelHistory();
    for (const changes of [...history.transactions, ...ahead]) next.apply(changes);
    const compacted = this.#random.chance(0.5) ? next.revision - this.#random.below(8) : 0;
    const compactRevision = Math.max(compacted, history.compactRevision);
    await this.#fixture.replaceStore(next.transactions, Math.max(0, compactRevision), () => {
      for (const changes of ahead) history.apply(changes);
      history.compactRevision = compactRevision;
    });
  }
}

describe.each(FLAVOURS)("$name", (flavour) => {
  test(`${String(flavour.seeds)} random histories`, async () => {
    const seen = new Map<string, number>();
    for (let seed = 1; seed <= flavour.seeds; seed++) {
      const { recentBytesMax } = flavour;
      let nowMs = 0;
      const clock = flavour.shortTurns ? { nowMs: () => (nowMs += 10) } : {};
      const fixture = await HubFixture.open({}, { recentBytesMax, ...clock });
      const run = new Run(seed, flavour, fixture);
      await run.run();
      expect(run.faults, `seed ${String(seed)}`).toEqual([]);
      for (const [kind, count] of run.seen) seen.set(kind, (seen.get(kind) ?? 0) + count);
    }
    expect(seen.get("events")).toBeGreaterThan(flavour.seeds * 20);
    expect(seen.get("progress")).toBeGreaterThan(flavour.seeds);
    expect(seen.get("compacted") ?? 0).toBeGreaterThanOrEqual(flavour.compactions ? flavour.seeds : 0);
  }, 60_000);
});
