/**
 * The lines between places (members and clients). A line delays, loses, doubles and reorders; one direction of it can be cut. What is
 * under way when a line is cut arrives or not.
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

export const HEALTHY_LINES: LineHealth = { delayMs: [0.1, 1], lossRate: 0, doubleRate: 0, reorderRate: 0 };

export class SimNetwork {
  health: LineHealth = HEALTHY_LINES;
  /** Further delay of one place's lines, both ways. */
  readonly slowMs: Map<string, number> = new Map();
  sentCount = 0;
  lostCount = 0;
  readonly #time: VirtualTime;
  readonly #prng: Prng;
  readonly #cuts = new Set<string>();
  /** When the last message of a line that keeps order arrives. */
  readonly #lastMs = new Map<string, number>();

  constructor(time: VirtualTime, prng: Prng) {
    this.#time = time;
    this.#prng = prng;
  }

  cut(from: string, to: string): void {
    this.#cuts.add(lineOf(from, to));
  }

  mendAll(): void {
    this.#cuts.clear();
    this.slowMs.clear();
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
    this.#time.after(atMs - this.#time.nowMs, () => {
      // A cut takes half of what was under way.
      if (this.reaches(from, to) || this.#prng.chance(0.5)) arrive();
      else this.lostCount += 1;
    });
  }
}

function lineOf(from: string, to: string): string {
  return `${from}>${to}`;
}
