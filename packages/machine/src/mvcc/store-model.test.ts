import { Prng } from "@quorate/std";
import { expect, test } from "vitest";
import { MemoryEngine } from "./memory-engine.js";
import type { ReadView } from "./store-api.js";
import { LATEST } from "./store-api.js";
import { compareLatin1, encodeRow, latin1, type NaiveRow, NaiveStore } from "./testing/naive-store.js";
import { deleteText, putText, StoreFixture } from "./testing/store-fixture.js";

/** One random history, played to the store and to the model side by side. */
class Player {
  readonly prng: Prng;
  readonly model = new NaiveStore();
  readonly fixture: StoreFixture;
  readonly #views: ReadView[] = [];

  constructor(seed: number, fixture: StoreFixture) {
    this.prng = new Prng(seed);
    this.fixture = fixture;
  }

  key(): string {
    return `${this.prng.pick(["a", "b/", "ccc", "ccd", "\xff"])}${String(this.prng.below(12))}`;
  }

  transaction(): void {
    const { prng, model } = this;
    model.begin();
    this.fixture.apply((store) => {
      const opCount = prng.chance(0.7) ? 1 : prng.below(6);
      for (let i = 0; i < opCount; i++) {
        const key = this.key();
        const die = prng.below(10);
        if (die < 6) {
          const value = "v".repeat(prng.below(40));
          const lease = prng.chance(0.2) ? BigInt(prng.below(5)) - 2n : 0n;
          putText(store, key, value, lease);
          model.put(key, value, lease);
        } else if (die < 9) {
          expect(deleteText(store, key) >= 0).toBe(model.delete(key));
        } else {
          this.#deleteRange(key, this.key());
        }
      }
      expect(store.countLatest(new Uint8Array(0), undefined)).toBe(
        model.scan("", undefined, Infinity).length,
      );
    });
    model.end();
    expect(this.fixture.store.revision).toBe(model.revision);
  }

  /** Deletes while scanning, as DeleteRange may. */
  #deleteRange(from: string, to: string): void {
    const { store } = this.fixture;
    store.scan(latin1(from), latin1(to), LATEST, (_slot, buffer, start, end) => {
      store.delete(buffer, start, end);
      return true;
    });
    for (const row of this.model.scan(from, to, Infinity)) this.model.delete(row.key);
  }

  compact(): void {
    const { model, prng } = this;
    const revision = prng.chance(0.3) ? model.revision : model.compactRevision - 1 + prng.below(12);
    expect(this.fixture.compact(revision)).toBe(model.compact(revision));
  }

  async drive(): Promise<void> {
    const { prng } = this;
    const { store } = this.fixture;
    if (prng.chance(0.5)) void store.pump();
    if (prng.chance(0.3)) await store.flushPending();
    if (prng.chance(0.3)) store.compactStep(1 + prng.below(10));
    if (prng.chance(0.05)) this.#views.push(store.openReadView(store.revision));
    if (prng.chance(0.05)) this.#views.pop()?.release();
  }

  async restart(): Promise<void> {
    await this.fixture.store.flushPending();
    this.#views.length = 0;
    await this.fixture.reopen();
    expect(this.fixture.store.revision).toBe(this.model.revision);
    expect(this.fixture.store.compactRevision).toBe(this.model.compactRevision);
  }

  async check(): Promise<void> {
    const { model, prng } = this;
    const { store } = this.fixture;
    const oldest = Math.max(model.compactRevision, 1);
    for (const revision of [
      LATEST,
      model.revision,
      oldest,
      oldest + prng.below(model.revision - oldest + 1),
    ]) {
      await this.#checkAt(revision);
    }
    const [from, to] = [this.key(), this.key()].sort(compareLatin1) as [string, string];
    expect(store.countLatest(latin1(from), latin1(to))).toBe(model.scan(from, to, Infinity).length);
    await this.#checkHashes(oldest);
  }

  async #checkAt(revision: number): Promise<void> {
    const { store } = this.fixture;
    const slots: number[] = [];
    const keys: string[] = [];
    store.scan(new Uint8Array(0), undefined, revision, (slot, buffer, start, end) => {
      slots.push(slot);
      keys.push(Buffer.from(buffer.subarray(start, end)).toString("latin1"));
      return true;
    });
    const rows = this.model.scan("", undefined, revision);
    expect(keys).toEqual(rows.map((row) => row.key));
    slots.forEach((slot, i) => this.#checkSlot(slot, rows[i] as NaiveRow));
    const records = await store.load(slots);
    expect(records.map((record) => Buffer.from(record).toString("hex"))).toEqual(
      rows.map((row) => Buffer.from(encodeRow(row)).toString("hex")),
    );
  }

  #checkSlot(slot: number, row: NaiveRow): void {
    const { store } = this.fixture;
    const numbers = [
      store.mainOf(slot),
      store.subOf(slot),
      store.createRevisionOf(slot),
      store.versionOf(slot),
    ];
    expect(numbers).toEqual([row.main, row.sub, row.create, row.version]);
    expect(store.leaseOf(slot)).toBe(row.lease);
    expect(this.fixture.find(row.key, row.main)).toBeGreaterThanOrEqual(0);
  }

  async #checkHashes(oldest: number): Promise<void> {
    const { model, prng } = this;
    for (const revision of [model.revision, oldest, oldest + prng.below(model.revision - oldest + 1)]) {
      const result = await this.fixture.store.hashKv(revision);
      expect(result.kind === "hash" && result.hash).toBe(model.hashKv(revision));
    }
  }

  /** With everything freed, the engine holds exactly the rows the rules keep. */
  async checkRows(): Promise<void> {
    for (const view of this.#views.splice(0)) view.release();
    await this.fixture.compactFully();
    expect(this.fixture.store.finishedCompactRevision).toBe(this.model.compactRevision);
    expect(await this.fixture.engineRows()).toEqual(
      this.model.rows.map((row) => `${String(row.main)}.${String(row.sub)}${row.tombstone ? "t" : ""}`),
    );
    expect(this.fixture.store.statistics.revisionCount).toBe(this.model.rows.length);
    expect(this.fixture.store.statistics.keyCount).toBe(new Set(this.model.rows.map((row) => row.key)).size);
  }
}

for (let seed = 1; seed <= 12; seed++) {
  test(`the store agrees with the naive model over a random history with restarts (seed ${String(seed)})`, async () => {
    const fixture = await StoreFixture.open(new MemoryEngine(), { cacheBytesMax: 1, batchRowsMax: 3 });
    const player = new Player(seed, fixture);
    for (let step = 0; step < 300; step++) {
      player.transaction();
      if (player.prng.chance(0.06)) player.compact();
      await player.drive();
      if (player.prng.chance(0.03)) await player.restart();
      if (player.prng.chance(0.1)) await player.check();
      if (player.prng.chance(0.02)) await player.checkRows();
    }
    await player.check();
    await player.checkRows();
  });
}
