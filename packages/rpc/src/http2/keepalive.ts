/**
 * Finds out that a silent peer is gone: after `timeMs` without a byte a ping is sent, and when
 * `timeoutMs` later there still was none, the connection is lost.
 *
 * Any byte counts, so that a busy connection is never pinged and costs one timer in `timeMs`.
 */
import { Alarm } from "../timer-wheel.js";
import type { TimerWheel } from "../timer-wheel.js";

export interface KeepaliveOptions {
  readonly wheel: TimerWheel;
  readonly nowMs: () => number;
  /** Silence before a ping, in ms. */
  readonly timeMs: number;
  /** Silence after it that costs the connection, in ms. */
  readonly timeoutMs: number;
}

export interface KeepaliveSink {
  sendKeepalivePing(): void;
  onPeerSilent(): void;
}

export class Keepalive {
  readonly #options: KeepaliveOptions;
  readonly #sink: KeepaliveSink;
  readonly #alarm = new Alarm(() => {
    this.#check();
  });
  #lastReadMs = 0;
  /** When the ping that waits for a sign of life was sent; -1 for none. */
  #pingedMs = -1;

  constructor(options: KeepaliveOptions, sink: KeepaliveSink) {
    this.#options = options;
    this.#sink = sink;
  }

  start(): void {
    const { wheel, nowMs, timeMs } = this.#options;
    this.#lastReadMs = nowMs();
    this.#pingedMs = -1;
    wheel.startIn(this.#alarm, timeMs);
  }

  stop(): void {
    this.#options.wheel.stop(this.#alarm);
  }

  onRead(nowMs: number): void {
    this.#lastReadMs = nowMs;
  }

  #check(): void {
    const { wheel, nowMs, timeMs, timeoutMs } = this.#options;
    if (this.#pingedMs >= 0 && this.#lastReadMs < this.#pingedMs) {
      this.#sink.onPeerSilent();
      return;
    }
    this.#pingedMs = -1;
    const now = nowMs();
    const dueMs = this.#lastReadMs + timeMs;
    if (now < dueMs) {
      wheel.startAt(this.#alarm, dueMs);
      return;
    }
    this.#pingedMs = now;
    this.#sink.sendKeepalivePing();
    wheel.startIn(this.#alarm, timeoutMs);
  }
}
