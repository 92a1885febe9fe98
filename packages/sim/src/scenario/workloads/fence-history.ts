/** Holders of one lock, and what they wrote under its protection. */
export interface FencedHold {
  readonly client: number;
  readonly lease: bigint;
  /** The revision at which the holder's key was made: it grows from holder to holder. */
  readonly token: number;
  readonly fromMs: number;
  /** Until when the lease was promised to live as of the last answer, or when the holder began to let go, if that was earlier. */
  untilMs: number;
}

export interface FencedWrite {
  readonly client: number;
  readonly token: number;
  /** `refused`: the holder's key was not there any more. */
  readonly outcome: "ok" | "refused" | "failed" | "unknown";
  readonly revision: number | undefined;
  readonly startMs: number;
  readonly endMs: number;
}
