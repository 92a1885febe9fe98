/**
 * A stream from the server, held while somebody looks.
 *
 * It reconnects with growing pauses and rests while the page is hidden: browsers allow six connections to one HTTP/1 server, and a
 * tab in the background would keep one of them.
 *
 * Not here: what the messages mean; `consume` reads one connection's stream and returns or throws when it is over.
 */
/** `over` is for good: what ended it, trying again cannot heal. */
export type FeedState = "connecting" | "live" | "lost" | "over";

export interface FeedOptions {
  /** Reads one connection until it ends. `live` is called with each message; the first one makes the feed live. */
  readonly consume: (signal: AbortSignal, live: () => void) => Promise<void>;
  readonly onState: (state: FeedState, error?: unknown) => void;
  /** A failure that trying again cannot heal ends the feed. */
  readonly isFinal?: (error: unknown) => boolean;
}

const retryFirstMs = 300;
const retryLastMs = 4000;
/** A page hidden for a moment, such as while another window is in front, keeps its stream. */
const hiddenGraceMs = 10_000;

/** Runs until the returned function is called. */
export function startFeed(options: FeedOptions): () => void {
  const over = new AbortController();
  let connection: AbortController | undefined;
  let pauseTimer: ReturnType<typeof setTimeout> | undefined;

  const onVisibility = (): void => {
    clearTimeout(pauseTimer);
    if (document.visibilityState === "hidden")
      pauseTimer = setTimeout(() => connection?.abort(), hiddenGraceMs);
  };
  document.addEventListener("visibilitychange", onVisibility);

  const run = async (): Promise<void> => {
    let failures = 0;
    while (!over.signal.aborted) {
      await untilVisible(over.signal);
      if (over.signal.aborted) return;
      connection = new AbortController();
      const signal = AbortSignal.any([connection.signal, over.signal]);
      let error: unknown = new Error("The server ended the stream.");
      let isLive = false;
      try {
        await options.consume(signal, () => {
          failures = 0;
          if (!isLive) options.onState("live");
          isLive = true;
        });
      } catch (cause) {
        error = cause;
      }
      if (over.signal.aborted) return;
      if (connection.signal.aborted) continue;
      const isFinal = options.isFinal?.(error) === true;
      options.onState(isFinal ? "over" : "lost", error);
      if (isFinal) return;
      await pause(Math.min(retryLastMs, retryFirstMs * 2 ** failures), over.signal);
      failures += 1;
    }
  };
  options.onState("connecting");
  void run();
  return () => {
    clearTimeout(pauseTimer);
    document.removeEventListener("visibilitychange", onVisibility);
    over.abort();
  };
}

function untilVisible(signal: AbortSignal): Promise<void> {
  if (document.visibilityState !== "hidden") return Promise.resolve();
  return new Promise((resolve) => {
    const check = (): void => {
      if (document.visibilityState === "hidden" && !signal.aborted) return;
      document.removeEventListener("visibilitychange", check);
      resolve();
    };
    document.addEventListener("visibilitychange", check);
    signal.addEventListener("abort", check, { once: true });
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
