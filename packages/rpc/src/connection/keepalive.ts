/**
 * Finds out that a silent peer is gone: after `keepaliveTimeMs` without a byte a ping is sent, and when
 * `keepaliveTimeoutMs` later there still was none, the connection is lost.
 *
 * Any byte counts, so that a busy connection is never pinged and costs one timer in `keepaliveTimeMs`.
 */
import type { ServerContext } from "../server-context.js";
import { Alarm } from "../timer-wheel.js";

export interface KeepaliveSink {
  sendKeepalivePing(): void;
  onPeerSilent(): void;
}

export class Keepalive {
  readonly #context: ServerContext;
  readonly #sink: KeepaliveSink;
  readonly #alarm = new Alarm(() => {
    this.#check();
  });
  #lastReadMs = 0;
  /** When the ping that waits for a sign of life was sent; -1 for none. */
  #pingedMs = -1;

  constructor(context: ServerContext, sink: KeepaliveSink) {
    this.#context = context;
    this.#sink = sink;
  }

  start(): void {
    this.#lastReadMs = this.#context.nowMs();
    this.#context.wheel.startIn(this.#alarm, this.#context.options.keepaliveTimeMs);
  }

  stop(): void {
    this.#context.wheel.stop(this.#alarm);
  }

  onRead(nowMs: number): void {
    this.#lastReadMs = nowMs;
  }

  #check(): void {
    const { options, wheel, nowMs } = this.#context;
    if (this.#pingedMs >= 0 && this.#lastReadMs < this.#pingedMs) {
      this.#sink.onPeerSilent();
      return;
    }
    this.#pingedMs = -1;
    const now = nowMs();
    const dueMs = this.#lastReadMs + options.keepaliveTimeMs;
    if (now < dueMs) {
      wheel.startAt(this.#alarm, dueMs);
      return;
    }
    this.#pingedMs = now;
    this.#sink.sendKeepalivePing();
    wheel.startIn(this.#alarm, options.keepaliveTimeoutMs);
  }
}
