import { useCallback, useEffect, useState } from "react";
import { failureKind, startFeed, stream, useClients } from "../../data/index.js";
import type { Clients, FeedState } from "../../data/index.js";
import { noBytes, prefixRange } from "../../text/bytes.js";
import { EventBuffer } from "./event-buffer.js";
import type { BufferSnapshot } from "./event-buffer.js";
import { RateMeter } from "./rate.js";

export interface WatchTarget {
  readonly prefix: Uint8Array;
  /** Only the key itself, not what begins with it. */
  readonly exact: boolean;
  /** Revision to begin with; 0 begins now. */
  readonly from: bigint;
}

export interface Watch {
  readonly state: FeedState;
  /** Why the stream is not there; absent while it is. */
  readonly error: unknown;
  readonly snapshot: BufferSnapshot;
  readonly perSecond: number;
  readonly course: readonly number[];
  readonly togglePause: () => void;
  readonly clear: () => void;
  /** Watches anew from where the target says, whatever became of the watch before. */
  readonly restart: () => void;
}

/** The screen is drawn so often at most; a thousand events a second must not mean a thousand drawings. */
const drawMs = 150;

/** Watches until the component goes. Reconnecting goes on at the next revision, so that nothing is missed or told twice. */
export function useWatch(target: WatchTarget): Watch {
  const clients = useClients();
  const [session, setSession] = useState(() => createSession());
  const [state, setState] = useState<FeedState>("connecting");
  const [error, setError] = useState<unknown>();
  const [restarts, setRestarts] = useState(0);
  const [, draw] = useState(0);
  const redraw = useCallback(() => draw((count) => count + 1), []);

  useEffect(() => {
    const fresh = createSession();
    setSession(fresh);
    setError(undefined);
    return startFeed({
      consume: (signal, live) => consume({ clients, target, session: fresh, signal, live }),
      onState: (next, cause) => {
        setState(next);
        setError(next === "lost" || next === "over" ? cause : undefined);
      },
      isFinal: (cause) => ["compacted", "denied", "login"].includes(failureKind(cause)),
    });
  }, [clients, target, restarts]);

  useEffect(() => {
    // The rate falls also when nothing comes.
    const timer = setInterval(() => {
      if (session.changed || Date.now() - session.drawnMs > 1000) {
        session.changed = false;
        session.drawnMs = Date.now();
        session.snapshot = session.buffer.snapshot();
        redraw();
      }
    }, drawMs);
    return () => clearInterval(timer);
  }, [session, redraw]);

  const act = useCallback(
    (change: (buffer: EventBuffer) => void) => {
      change(session.buffer);
      session.snapshot = session.buffer.snapshot();
      redraw();
    },
    [session, redraw],
  );
  const now = Date.now();
  return {
    state,
    error,
    snapshot: session.snapshot,
    perSecond: session.rate.perSecond(now),
    course: session.rate.course(now),
    togglePause: useCallback(
      () => act((buffer) => (buffer.snapshot().paused ? buffer.resume() : buffer.pause())),
      [act],
    ),
    clear: useCallback(() => act((buffer) => buffer.clear()), [act]),
    restart: useCallback(() => setRestarts((count) => count + 1), []),
  };
}

interface Session {
  readonly buffer: EventBuffer;
  readonly rate: RateMeter;
  snapshot: BufferSnapshot;
  /** Events that came of a revision that was not complete yet: the next stream tells them again. */
  untold: number;
  changed: boolean;
  drawnMs: number;
}

function createSession(): Session {
  const buffer = new EventBuffer();
  return {
    buffer,
    rate: new RateMeter(),
    snapshot: buffer.snapshot(),
    untold: 0,
    changed: false,
    drawnMs: 0,
  };
}

interface Consumption {
  readonly clients: Clients;
  readonly target: WatchTarget;
  readonly session: Session;
  readonly signal: AbortSignal;
  readonly live: () => void;
}

async function consume({ clients, target, session, signal, live }: Consumption): Promise<void> {
  const { buffer, rate } = session;
  const seen = buffer.snapshot().revision;
  const range = target.exact ? { key: target.prefix, rangeEnd: noBytes } : prefixRange(target.prefix);
  const startRevision = seen > 0n ? seen + 1n : target.from;
  let repeated = session.untold;
  const answers = clients.console.watchKeys({ ...range, startRevision, prevKv: true }, stream(signal));
  for await (const { events, revision } of answers) {
    live();
    const now = Date.now();
    const skipped = Math.min(repeated, events.length);
    repeated -= skipped;
    const fresh = events.slice(skipped);
    // The first message tells where the watch stands, which is not yet past the revision that was asked for.
    if (events.length > 0 || target.from === 0n || seen > 0n) buffer.add(fresh, revision, now);
    const early = events.filter(({ kv }) => (kv?.modRevision ?? 0n) > revision).length;
    session.untold = early === 0 ? 0 : session.untold + early - skipped;
    rate.count(fresh.length, now);
    session.changed = true;
  }
}
