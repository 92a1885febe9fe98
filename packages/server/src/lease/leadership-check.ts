/**
 * Whether this member may act as the leader it believes to be. A process that stood still (a stopped machine, a blocked disk,
 * a long pause) may have been replaced meanwhile without knowing: it asks a quorum before it revokes or renews a lease.
 *
 * The pause is noticed as a gap between beats, whoever beats first afterwards; it is forgotten only when a quorum has answered
 * after the last gap. Source: kv-watch-lease 8.3 and 8.6.
 */
import type { MemberPort } from "../api/member-port.js";
import type { ClockPort } from "../member/ports.js";
import { HEARTBEATS_MISSED_MAX } from "./limits.js";

export interface LeadershipCheckParts {
  readonly member: Pick<MemberPort, "memberId" | "leaderId" | "awaitReadIndex">;
  readonly clock: ClockPort;
  readonly heartbeatMs: number;
}

export class LeadershipCheck {
  readonly #parts: LeadershipCheckParts;
  #lastBeatMs: number;
  /** Gaps seen, and how many of them a quorum has answered for. */
  #gapCount = 0;
  #confirmedCount = 0;
  #running: Promise<boolean> | undefined;

  constructor(parts: LeadershipCheckParts) {
    this.#parts = parts;
    this.#lastBeatMs = parts.clock.monotonicMs();
  }

  /** The process runs. Called once per heartbeat, and before anything is done as a leader. */
  beat(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs - this.#lastBeatMs > HEARTBEATS_MISSED_MAX * this.#parts.heartbeatMs) this.#gapCount += 1;
    this.#lastBeatMs = nowMs;
  }

  /** This member has just been elected: what went before does not count. */
  reset(): void {
    this.#lastBeatMs = this.#parts.clock.monotonicMs();
    this.#confirmedCount = this.#gapCount;
  }

  /** True at once in the common case; otherwise what a quorum says. */
  ensure(): true | Promise<boolean> {
    this.beat();
    if (this.#confirmedCount === this.#gapCount) return true;
    this.#running ??= this.#confirm().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /**
   * Asks a quorum, whatever the beats say: a leader that is cut off beats on, and does not know what another one has granted or revoked.
   * When it resolves to true, all that was acknowledged before the call is applied here.
   */
  async confirm(): Promise<boolean> {
    const { member } = this.#parts;
    const answered = await new Promise<boolean>((resolve) => {
      member.awaitReadIndex({
        onReady: () => {
          resolve(true);
        },
        onFailed: () => {
          resolve(false);
        },
      });
    });
    return answered && member.leaderId === member.memberId;
  }

  async #confirm(): Promise<boolean> {
    while (this.#confirmedCount !== this.#gapCount) {
      const gapCount = this.#gapCount;
      if (!(await this.confirm())) return false;
      this.#confirmedCount = gapCount;
    }
    return true;
  }
}
