/** Limits of queues. */
import type { Mutation } from "./mutation.js";

export const QUEUE_MUTATIONS: readonly Mutation[] = [
  {
    name: "proposals-without-limit",
    rule: "proposals are refused when too many wait for a leader",
    edits: [
      {
        file: "server/src/member/waiting-proposals.ts",
        find: "if (this.#queued.length >= queuedCountMax || this.#queuedBytes + entry.length > queuedBytesMax)\n      return false;",
        replace: "if (queuedCountMax + queuedBytesMax < 0) return false;",
      },
    ],
  },
  {
    name: "proposers-without-limit",
    rule: "proposals are refused when too many clients wait for the outcome of theirs",
    edits: [
      {
        file: "server/src/member/waiting-proposals.ts",
        find: "if (this.#waiting.size >= proposersWaitingMax) return false;",
        replace: "if (proposersWaitingMax < 0) return false;",
      },
    ],
  },
  {
    name: "readers-without-limit",
    rule: "reads are refused when too many wait for a round",
    edits: [
      {
        file: "server/src/member/read-barrier.ts",
        find: "if (this.#next.length >= this.#ports.readersWaitingMax) return false;",
        replace: "",
      },
    ],
  },
  {
    name: "window-without-limit",
    rule: "a follower that does not answer is sent so much and no more",
    edits: [
      {
        file: "raft/src/tracker/inflights.ts",
        find: "return this.#count >= this.#countMax || this.#bytes >= this.#bytesMax;",
        replace: "return this.#bytesMax < 0;",
      },
      {
        file: "raft/src/tracker/inflights.ts",
        find: "Math.min(this.#countMax, Math.max(CAPACITY_MIN, old * 2))",
        replace: "Math.max(CAPACITY_MIN, old * 2)",
      },
    ],
  },
  {
    name: "uncommitted-without-limit",
    rule: "a leader that commits nothing takes so much and no more",
    edits: [
      {
        file: "raft/src/core/append.ts",
        find: "if (pending > 0 && bytes > 0 && pending + bytes > raft.config.maxUncommittedEntriesSize) return false;",
        replace: "",
      },
    ],
  },
  {
    name: "apply-without-limit",
    rule: "so many committed entries and no more wait for a store that can't keep up",
    edits: [
      {
        file: "raft/src/log/raft-log.ts",
        find: "if (this.#applyingPaused || this.unstable.snapshot !== null) return false;",
        replace: "if (this.unstable.snapshot !== null) return false;",
      },
      {
        file: "raft/src/log/raft-log.ts",
        find: "const bytesMax = this.#applyingBytesMax - this.#applyingBytes;",
        replace: "const bytesMax = Infinity;",
      },
    ],
  },
  {
    name: "revocations-without-limit",
    rule: "revocations of leases are proposed some at a time",
    edits: [
      {
        file: "server/src/lease/lease-revoker.ts",
        find: "while (this.#inFlightCount < REVOKES_IN_FLIGHT_MAX) {",
        replace: "for (;;) {",
      },
    ],
  },
  {
    name: "watchers-without-pushback",
    rule: "a watcher that does not read is sent nothing more",
    edits: [
      {
        file: "server/src/api/watch/watch-call.ts",
        find: "if (hasRoom && !call.congested) return true;",
        replace: "if (hasRoom || call.bufferedBytes > 0) return true;",
      },
    ],
  },
];
