/** Waiting for something that several calls wait for: each of them only as long as its own time and signal allow. */
import { GrpcStatus } from "@quorate/proto";
import { onAbort } from "../session/on-abort.js";
import type { ChannelError } from "../transport.js";
import { createChannelError } from "./channel-error.js";
import { startTimer } from "./timeout.js";

export interface WaitLimits {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

/** Rejects with the signal's reason, or as a channel does whose request had no time to be sent. What is waited for goes on. */
export function waitFor<T>(promise: Promise<T>, { signal, timeoutMs }: WaitLimits): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      endTimer();
      forget();
    };
    const endTimer = startTimer(timeoutMs, () => {
      forget();
      reject(tooLate());
    });
    const forget =
      signal === undefined
        ? () => undefined
        : onAbort(signal, () => {
            endTimer();
            reject(signal.reason as Error);
          });
    promise.finally(leave).then(resolve, reject);
  });
}

function tooLate(): ChannelError {
  const text = "the time for the call was up before there was a token";
  return createChannelError(GrpcStatus.DeadlineExceeded, text, false);
}
