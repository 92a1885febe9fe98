/**
 * Port: how the console reaches one cluster. The SDK's own port carries it, so that endpoints are balanced, tokens refreshed and calls
 * repeated by one piece of code for everybody.
 */
import type { Calls } from "@quorate/client";

export type ClusterCalls = Pick<Calls, "unary" | "serverStream" | "bidi" | "backOff">;

/** What a handler of the console hands on to the calls it makes for it. */
export interface ReadContext {
  readonly calls: ClusterCalls;
  /** Aborted when the browser has gone or cancelled; no further call is made then. */
  readonly signal: AbortSignal;
}
