/** No queue of a member holds more than its limit, whatever is asked of it. */
import type { QueueLevel } from "@quorate/server/world";

/** What is broken is broken many times. */
const VIOLATIONS_MAX = 5;

export class QueueRules {
  readonly violations: string[] = [];
  readonly #broken = new Set<string>();
  readonly #fullest = new Map<string, number>();

  /** The levels of a member at one moment. */
  look(member: string, levels: readonly QueueLevel[]): void {
    for (const { name, held, limit } of levels) {
      if (held > limit) this.#break(member, { name, held, limit });
      const share = held / limit;
      if (share > (this.#fullest.get(name) ?? 0)) this.#fullest.set(name, share);
    }
  }

  /** Of each queue that ever held anything: the largest share of its limit that any member held. */
  get fullest(): ReadonlyMap<string, number> {
    return this.#fullest;
  }

  #break(member: string, { name, held, limit }: QueueLevel): void {
    if (this.#broken.has(name) || this.violations.length >= VIOLATIONS_MAX) return;
    this.#broken.add(name);
    this.violations.push(`${member} holds ${held} of what ${name} limits to ${limit}`);
  }
}
