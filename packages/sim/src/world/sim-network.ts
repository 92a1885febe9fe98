/**
 * The lines between places (members and clients). A line delays, loses, doubles and reorders; one direction of it can be cut, and all
 * lines of a place can be clogged. What is under way when a line is cut arrives or not.
 */
import type { Prng } from "@quorate/std";
import type { VirtualTime } from "./virtual-time.js";

/** How all lines are just now. */
export interface LineHealth {
  /** Milliseconds from one end to the other, at least and at most. */
  delayMs: readonly [number, number];
  /** Shares of messages. */
  lossRate: number;
  doubleRate: number;
  /** Messages that overtake others; without, a line keeps order as TCP does. */
  reorderRate: number;
}

/** Messages that wait at a clogged place; more go through. */
const CLOGGED_MAX = 100_000;

export const HEALTHY_LINES: LineHealth = { delayMs: [0.1, 1], lossRate: 0, doubleRate: 0, reorderRate: 0 };

export class SimNetwork {
  health: LineHealth = HEALTHY_LINES;
  /** Further delay of one place's lines, both ways. */
  readonly slowMs: Map<string, number> = new Map();
  sentCount = 0;
  lostCount = 0;
  readonly #time: VirtualTime;
  readonly #prng: Prng;
  /** How many faults cut each line just now. */
  readonly #cuts = new Map<string, number>();
  /** What waits at places whose lines are clogged. */
  readonly #clogged = new Map<string, (() => void)[]>();
  /** When the last message of a line that keeps order arrives. */
  readonly #lastMs = new Map<string, number>();

  constructor(time: VirtualTime, prng: Prng) {
    this.#time = time;
    this.#prng = prng;
  }

  /** @returns what ends this cut; the line is whole when no other one is left. */
  cut(from: string, to: string): () => void {
    const line = lineOf(from, to);
    const cuts = this.#cuts;
    cuts.set(line, (cuts.get(line) ?? 0) + 1);
    let isCut = true;
    return () => {
      if (!isCut) return;
      isCut = false;
      const count = (cuts.get(line) ?? 0) - 1;
      if (count > 0) cuts.set(line, count);
      else cuts.delete(line);
    };
  }

  /** Nothing of what is sent to or by the place arrives, until `unclog` lets all of it through at once. */
  clog(place: string): void {
    if (!this.#clogged.has(place)) this.#clogged.set(place, []);
  }

  unclog(place: string): void {
    const waiting = this.#clogged.get(place) ?? [];
    this.#clogged.delete(place);
    for (const arrive of waiting) this.#time.after(0, arrive);
  }

  mendAll(): void {
    this.#cuts.clear();
    this.slowMs.clear();
    for (const place of [...this.#clogged.keys()]) this.unclog(place);
  }

  get isWhole(): boolean {
    return this.#cuts.size === 0;
  }

  reaches(from: string, to: string): boolean {
    return !this.#cuts.has(lineOf(from, to));
  }

  /** Runs `arrive` at the other end, once, twice or never. `isReliable`: lost only by a cut, never doubled or reordered. */
  send(from: string, to: string, arrive: () => void, isReliable = false): void {
    this.sentCount += 1;
    const { lossRate, doubleRate } = this.health;
    if (!this.reaches(from, to) || (!isReliable && this.#prng.chance(lossRate))) {
      this.lostCount += 1;
      return;
    }
    this.#deliver(from, to, arrive, isReliable);
    if (!isReliable && doubleRate > 0 && this.#prng.chance(doubleRate))
      this.#deliver(from, to, arrive, false);
  }

  #deliver(from: string, to: string, arrive: () => void, isReliable: boolean): void {
    const { delayMs, reorderRate } = this.health;
    const [least, most] = delayMs;
    const slow = (this.slowMs.get(from) ?? 0) + (this.slowMs.get(to) ?? 0);
    const line = lineOf(from, to);
    let atMs = this.#time.nowMs + least + this.#prng.float() * (most - least + slow);
    const overtakes = !isReliable && reorderRate > 0 && this.#prng.chance(reorderRate);
    if (!overtakes) {
      atMs = Math.max(atMs, this.#lastMs.get(line) ?? 0);
      this.#lastMs.set(line, atMs);
    }
    const land = (): void => {
      const waiting = this.#clogged.get(from) ?? this.#clogged.get(to);
      if (waiting !== undefined && waiting.length < CLOGGED_MAX) waiting.push(land);
      // A cut takes half of what was under way.
      else if (this.reaches(from, to) || this.#prng.chance(0.5)) arrive();
      else this.lostCount += 1;
    };
    this.#time.after(atMs - this.#time.nowMs, land);
  }
}

function lineOf(from: string, to: string): string {
  return `${from}>${to}`;
}
