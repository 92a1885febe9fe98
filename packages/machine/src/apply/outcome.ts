/**
 * What applying one log entry gave: the part of the answer that every member computes alike. The server puts its header in
 * front of `body` (the header is field 1 of every response, so the two simply follow one another on the wire).
 */
import type { RefusalCode } from "./refusal.js";

export interface ApplyOutcome {
  /** Why nothing was changed; undefined when the request took effect. */
  readonly refusal: RefusalCode | undefined;
  /** Revision for the response header; 0 lets the server fill in its current one. */
  readonly revision: number;
  /**
   * The write took effect, but the store is now above its quota: the member raises a NOSPACE alarm through the log (also
   * when nobody waits for this entry) and the client is told no-space once that proposal has finished.
   */
  readonly overQuota: boolean;
  /** The encoded response without its header; undefined when it is empty or nobody waits for it. */
  readonly body: ResponseBody | undefined;
}

export type ResponseBody = readonly Uint8Array[] | DeferredBody;

/**
 * A response that quotes records which are not in memory. Whoever receives one calls exactly one of the two methods: it
 * keeps the quoted revisions readable until then.
 */
export interface DeferredBody {
  readonly deferred: true;
  /** Loads the records and encodes, giving way to other work between chunks. */
  encode(): Promise<readonly Uint8Array[]>;
  /** Gives the response up, for a caller that has left. */
  release(): void;
}

/** The outcome of a write that changed nothing for a reason every member agrees on. */
export function refused(refusal: RefusalCode, revision: number): ApplyOutcome {
  return { refusal, revision, overQuota: false, body: undefined };
}

/** The outcome of a write that took effect. */
export function applied(revision: number, body: ResponseBody | undefined, overQuota: boolean): ApplyOutcome {
  return { refusal: undefined, revision, overQuota, body };
}
