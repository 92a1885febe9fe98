/**
 * Ends streams whose callers insist on a leader (metadata `hasleader`) once there has been none for three election timeouts in
 * a row. One timer for all of them, which runs only while there are some.
 * Source: kv-watch-lease 13, item 54.
 */
import type { CallBase } from "@quorate/rpc";
import type { SchedulerPort } from "../../member/ports.js";
import type { MemberPort } from "../member-port.js";
import { failCall } from "../to-status.js";

/** Looks in a row that found no leader (etcd). */
const LEADERLESS_LOOKS_MAX = 3;

export interface LeaderWatchParts {
  readonly member: Pick<MemberPort, "leaderId">;
  readonly scheduler: Pick<SchedulerPort, "every">;
  readonly electionTimeoutMs: number;
}

export class LeaderWatch {
  readonly #parts: LeaderWatchParts;
  /** As many as there are streams. */
  readonly #calls = new Set<CallBase>();
  #leaderlessCount = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(parts: LeaderWatchParts) {
    this.#parts = parts;
  }

  /** Streams that are watched for. */
  get size(): number {
    return this.#calls.size;
  }

  /** Watches for a stream that has just begun, if its caller insists on a leader. Call `remove` when it has ended. */
  add(call: CallBase): void {
    if (call.metadata.get("hasleader") !== "true") return;
    this.#calls.add(call);
    if (this.#cancelTimer !== undefined) return;
    const { scheduler, electionTimeoutMs } = this.#parts;
    this.#leaderlessCount = 0;
    this.#cancelTimer = scheduler.every(electionTimeoutMs, () => {
      this.#look();
    });
  }

  remove(call: CallBase): void {
    this.#calls.delete(call);
    if (this.#calls.size === 0) this.stop();
  }

  /** Ends the timer. */
  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #look(): void {
    this.#leaderlessCount = this.#parts.member.leaderId === 0n ? this.#leaderlessCount + 1 : 0;
    if (this.#leaderlessCount < LEADERLESS_LOOKS_MAX) return;
    for (const call of [...this.#calls]) {
      this.remove(call);
      failCall(call, "no-leader");
    }
  }
}
