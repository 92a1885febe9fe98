/**
 * What watchers cost: events sent, and the time that responses take on their way from the hub to the transport. Source: etcd's
 * `watch_send_loop` histograms, whose names this keeps though there is no loop here: a response is built and handed over in one step.
 */
import { exponentialBounds, Histogram } from "./histogram.js";

/** From 1 ms to 8 s. */
const SEND_SECONDS = exponentialBounds(0.001, 2, 14);
/** Responses with events are timed one in so many: a look at the clock costs as much as sending one to a watcher more. */
export const TIMED_EVERY = 16;

export class WatchMeters {
  /** Events sent to watchers. */
  events = 0;
  /** Time of a response with events. */
  readonly eventSeconds: Histogram = new Histogram(SEND_SECONDS);
  /** The same, by the number of its events. */
  readonly perEventSeconds: Histogram = new Histogram(SEND_SECONDS);
  /** Time of the answer to a create or cancel request. */
  readonly controlSeconds: Histogram = new Histogram(SEND_SECONDS);
  readonly progressSeconds: Histogram = new Histogram(SEND_SECONDS);
  #responses = 0;
  #untimed = 0;
  #lastSeconds = 0;
  #lastPerEvent = 0;

  /** Counts a response in. @returns whether it is to be timed: then `sent` follows */
  startSending(eventCount: number): boolean {
    this.events += eventCount;
    this.#responses += 1;
    if (this.#responses % TIMED_EVERY === 1) return true;
    this.#untimed += 1;
    return false;
  }

  /** A timed response has been handed over; it stands for those since the last one. */
  sent(seconds: number, eventCount: number): void {
    this.#lastSeconds = seconds;
    this.#lastPerEvent = seconds / Math.max(1, eventCount);
    this.#observe(this.#untimed + 1);
    this.#untimed = 0;
  }

  /** Counts those in that were not timed, so that counts are exact. */
  settle(): void {
    if (this.#untimed > 0) this.#observe(this.#untimed);
    this.#untimed = 0;
  }

  #observe(weight: number): void {
    this.eventSeconds.observe(this.#lastSeconds, weight);
    this.perEventSeconds.observe(this.#lastPerEvent, weight);
  }
}
