/**
 * A page can't ask for the progress of its watches, since it has ended its request. One that says so in a header is told of it regularly:
 * as if it asked. So it knows that the stream is alive, and where to begin anew with as little as possible to read again.
 */
import type { IncomingMessage } from "node:http";
import type { LocalCaller } from "@quorate/rpc";

/** Seconds between two questions, 1 to 3600; anything else is as good as nothing. Ours: other servers take no notice. */
export const PROGRESS_HEADER = "x-watch-progress-seconds";
const SECONDS_MAX = 3600;
/** `WatchRequest{progress_request: {}}`. */
const PROGRESS_REQUEST = Uint8Array.of(0x1a, 0x00);

/** Begins to ask, when the request wants it. @returns what ends it. */
export function askProgress({ headers }: IncomingMessage, caller: LocalCaller): () => void {
  const text = headers[PROGRESS_HEADER];
  const seconds = typeof text === "string" && /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > SECONDS_MAX) return () => undefined;
  // A reader that is behind has enough to read.
  const ask = (): void => void (caller.paused() || caller.send(PROGRESS_REQUEST));
  const timer = setInterval(ask, seconds * 1000).unref();
  return () => clearInterval(timer);
}
