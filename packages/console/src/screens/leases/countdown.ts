/**
 * How much of a lease is left, between two looks at the server.
 *
 * The server tells whole seconds at one moment; in between, the browser's clock counts down. A lease that reaches zero here may
 * have been renewed meanwhile, so it is `due`, not dead: only the server's next answer decides.
 */
import type { etcdserverpb } from "@quorate/proto";
import { formatDuration } from "../../text/format.js";

export interface LeaseView {
  readonly id: bigint;
  /** Seconds it was granted, or 0 when the server did not say. */
  readonly grantedSeconds: number;
  /** Seconds left at `seenAtMs`; negative when the server says it is gone. */
  readonly leftSeconds: number;
  /** Browser clock, milliseconds, when that was told. */
  readonly seenAtMs: number;
  readonly keys: readonly Uint8Array[];
}

export type LeasePhase = "steady" | "ending" | "due" | "gone";

export interface Countdown {
  readonly phase: LeasePhase;
  /** Seconds, fractional, never negative. */
  readonly leftSeconds: number;
  /** 0..1 of what was granted. */
  readonly fraction: number;
}

/** Below this share, or this many seconds, a lease is ending: its owner should have renewed it by now (clients do at a third). */
const ENDING_FRACTION = 0.2;
const ENDING_SECONDS = 3;

export function viewLease(lease: etcdserverpb.LeaseTimeToLiveResponse, seenAtMs: number): LeaseView {
  return {
    id: lease.ID,
    grantedSeconds: Number(lease.grantedTTL),
    leftSeconds: Number(lease.TTL),
    seenAtMs,
    keys: lease.keys,
  };
}

export function countDown(lease: Omit<LeaseView, "keys" | "id">, nowMs: number): Countdown {
  if (lease.leftSeconds < 0) return { phase: "gone", leftSeconds: 0, fraction: 0 };
  const left = Math.max(0, lease.leftSeconds - Math.max(0, nowMs - lease.seenAtMs) / 1000);
  const granted = Math.max(lease.grantedSeconds, lease.leftSeconds, 1);
  const fraction = Math.min(1, left / granted);
  const ending = left < ENDING_SECONDS || fraction < ENDING_FRACTION;
  return { phase: left === 0 ? "due" : ending ? "ending" : "steady", leftSeconds: left, fraction };
}

/** Whole seconds rounded up, so that 0 means over: `45 s`, `3 min 20 s`. */
export function formatLeft(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole === 0 ? "0 s" : formatDuration(whole);
}

/** Spoken form for assistive technology: `3 minutes 20 seconds left`, `over, waiting for the server`. */
export function describeLeft(countdown: Countdown): string {
  if (countdown.phase === "gone") return "expired";
  if (countdown.phase === "due") return "time is up, the server has not said yet whether it was renewed";
  return `${formatLeft(countdown.leftSeconds)} left`;
}
