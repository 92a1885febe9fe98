/**
 * Decides whether a client pings too often, by the strike rule that gRPC servers share: a ping that comes sooner after
 * the previous one than allowed is a strike, the third strike costs the connection, and data or headers that we send
 * wipe the strikes off (the client then pings for a reason).
 * Source: gRPC proposal A8, client-side keepalive.
 */
export interface PingPolicyOptions {
  /** Shortest allowed interval while calls are open, in ms. */
  readonly minIntervalMs: number;
  /** True applies the same interval to connections without calls. */
  readonly permitWithoutStream: boolean;
}

/** Shortest allowed interval on a connection without calls, unless those are permitted. */
const idleIntervalMs = 2 * 3_600_000;

/** Strikes a peer survives. */
const strikesMax = 2;

export class PingPolicy {
  readonly #options: PingPolicyOptions;
  #strikes = 0;
  #lastPingAtMs = Number.NEGATIVE_INFINITY;
  #forgiven = false;

  constructor(options: PingPolicyOptions) {
    this.#options = options;
  }

  /** We have sent DATA or HEADERS. */
  forgive(): void {
    this.#forgiven = true;
  }

  /** A ping has arrived. @returns false when the peer has to go. */
  allows(nowMs: number, callsOpen: number): boolean {
    const sinceLastMs = nowMs - this.#lastPingAtMs;
    this.#lastPingAtMs = nowMs;
    if (this.#forgiven) {
      this.#forgiven = false;
      this.#strikes = 0;
      return true;
    }
    const idle = callsOpen === 0 && !this.#options.permitWithoutStream;
    if (sinceLastMs < (idle ? idleIntervalMs : this.#options.minIntervalMs)) this.#strikes++;
    return this.#strikes <= strikesMax;
  }
}
