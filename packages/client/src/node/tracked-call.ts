/** A call of grpc-js under way: what ends it early, and what the library's failures mean. */
import { status } from "@grpc/grpc-js";
import { createChannelError } from "../connection/channel-error.js";
import { onAbort } from "../session/on-abort.js";

export interface Cancellable {
  cancel(): void;
}

/** How the library says that a call has failed. */
export interface GrpcFailure {
  readonly code: number;
  readonly details?: string;
  readonly message?: string;
}

const nothing = (): void => undefined;

export class TrackedCall {
  readonly #signal: AbortSignal | undefined;
  readonly #call: Cancellable;
  readonly #open: Set<Cancellable>;
  readonly #forget: () => void;
  #timer: NodeJS.Timeout | undefined;
  #connectMs = 0;
  #isUnconnected = false;

  /** @param open forgets the call when it has ended. */
  constructor(signal: AbortSignal | undefined, call: Cancellable, open: Set<Cancellable>) {
    this.#signal = signal;
    this.#call = call;
    this.#open = open;
    this.#forget = signal === undefined ? nothing : onAbort(signal, () => call.cancel());
  }

  /** Cancels the call after `ms` unless there is a connection by then: one that was on a connection has ended with it. */
  giveUpIn(ms: number, isUnconnected: () => boolean): void {
    this.#connectMs = ms;
    this.#timer = setTimeout(() => {
      this.#isUnconnected = isUnconnected();
      if (this.#isUnconnected) this.#call.cancel();
    }, ms);
  }

  /** To be called when the call has ended. */
  release(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#open.delete(this.#call);
    this.#forget();
  }

  /** What the library's failure means; a signal may be aborted with anything, and whoever does not use an error gets what they used. */
  failureOf(failure: GrpcFailure): Error {
    if (this.#isUnconnected)
      return createChannelError(status.UNAVAILABLE, `no connection within ${this.#connectMs} ms`, false);
    if (this.#signal?.aborted === true) return this.#signal.reason as Error;
    const text = failure.details ?? failure.message ?? "";
    return createChannelError(failure.code, text.replace(EMPTY_NOTE, ""), wasSent(failure.code, text));
  }
}

/** How the library ends its texts where it has no note to make. */
const EMPTY_NOTE = /[.\s]*Resolution note:\s*$/;

/** Texts of the library for calls that never left this process. */
const NEVER_SENT = [
  /^No connection established/,
  /waiting for LB pick/i,
  /^Name resolution failed/,
  /ECONNREFUSED/,
];

function wasSent(code: number, text: string): boolean {
  if (code !== status.UNAVAILABLE && code !== status.DEADLINE_EXCEEDED) return true;
  return !NEVER_SENT.some((pattern) => pattern.test(text));
}
