/** What happens inside raft, as lines of the log in etcd's words. */
import { describeEvent, type EventSink, type RaftEvent } from "@quorate/raft";
import type { ClockPort } from "../member/ports.js";
import type { Logger } from "./log/logger.js";

/** These come with every message while something is wrong: one line of a kind in this time is enough. */
const REPEAT_MS = 1000;
const REPEATED: ReadonlySet<RaftEvent["kind"]> = new Set<RaftEvent["kind"]>([
  "leaderless",
  "proposal-dropped-for-quota",
  "proposal-dropped-in-transfer",
  "proposal-not-forwarded",
  "read-dropped",
  "snapshot-not-sent",
  "stale-message",
  "stale-storage-append",
  "vote-rejected",
]);

/**
 * With asynchronous storage writes a change of the commit index is answered like an append, with the newest entry of that moment; the
 * append itself may have been answered before. That is how it should be, and no news.
 */
const ROUTINE: ReadonlySet<RaftEvent["kind"]> = new Set<RaftEvent["kind"]>(["stable-entry-missing"]);

export interface RaftEventsOptions {
  readonly memberId: bigint;
  readonly logger: Logger;
  readonly clock: ClockPort;
  /** Lines of level debug are wanted; else they are not even made, since some come with each message. */
  readonly debug: boolean;
}

export function createRaftEvents({ memberId, logger, clock, debug }: RaftEventsOptions): EventSink {
  const lastMs = new Map<RaftEvent["kind"], number>();
  return {
    emit: (event) => {
      if (ROUTINE.has(event.kind)) return;
      if (REPEATED.has(event.kind)) {
        const nowMs = clock.monotonicMs();
        if (nowMs - (lastMs.get(event.kind) ?? -Infinity) < REPEAT_MS) return;
        lastMs.set(event.kind, nowMs);
      }
      const { level, text } = describeEvent(memberId, event);
      if (level === "DEBUG") {
        if (debug) logger.debug(text);
      } else if (level === "INFO") logger.info(text);
      else if (level === "WARN") logger.warn(text);
      else logger.error(text);
    },
  };
}
