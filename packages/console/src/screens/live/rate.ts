/** Events per second over a sliding window of whole seconds, and its recent course for a small picture. */

const WINDOW_SECONDS = 5;
const COURSE_SECONDS = 60;

export class RateMeter {
  /** One count per second, by the second's number modulo the length. */
  readonly #counts = new Array<number>(COURSE_SECONDS).fill(0);
  #newest = 0;

  count(events: number, nowMs: number): void {
    const at = this.#advance(nowMs);
    this.#counts[at] = (this.#counts[at] ?? 0) + events;
  }

  /** Events per second over the last full seconds. */
  perSecond(nowMs: number): number {
    this.#advance(nowMs);
    let sum = 0;
    for (let back = 1; back <= WINDOW_SECONDS; back++) sum += this.#at(this.#newest - back);
    return sum / WINDOW_SECONDS;
  }

  /** Counts of the last full seconds, oldest first. */
  course(nowMs: number): number[] {
    this.#advance(nowMs);
    return Array.from({ length: COURSE_SECONDS - 1 }, (_, at) =>
      this.#at(this.#newest - COURSE_SECONDS + 1 + at),
    );
  }

  #at(second: number): number {
    return second < 0 ? 0 : (this.#counts[second % COURSE_SECONDS] ?? 0);
  }

  /** Seconds in which nothing came are zero, also when nobody asked. A clock that was set back changes nothing. */
  #advance(nowMs: number): number {
    const second = Math.floor(nowMs / 1000);
    if (this.#newest === 0 || second - this.#newest >= COURSE_SECONDS) {
      this.#counts.fill(0);
      this.#newest = second;
    }
    while (this.#newest < second) {
      this.#newest++;
      this.#counts[this.#newest % COURSE_SECONDS] = 0;
    }
    return this.#newest % COURSE_SECONDS;
  }
}
