/** Rules of the store, of leases and of watches. */
import type { Mutation } from "./mutation.js";

export const MACHINE_MUTATIONS: readonly Mutation[] = [
  {
    name: "index-apart",
    rule: "the applied index is stored with what was applied",
    edits: [
      {
        file: "machine/src/mvcc/write-behind.ts",
        find: "if (batch.index !== this.#persistedIndex) addNumberRow(batch, CONSISTENT_INDEX_KEY, batch.index);",
        replace: "if (batch.index % 7 === 0) addNumberRow(batch, CONSISTENT_INDEX_KEY, batch.index);",
      },
    ],
  },
  {
    name: "revision-goes-back",
    rule: "revisions go on after a restart",
    edits: [
      {
        file: "machine/src/mvcc/store.ts",
        find: "const revision = Math.max(lastMain, compactor.revision, FIRST_REVISION);",
        replace: "const revision = Math.max(lastMain - 1, compactor.revision, FIRST_REVISION);",
      },
    ],
  },
  {
    name: "stale-compare",
    rule: "a transaction compares with the newest state",
    edits: [
      {
        file: "machine/src/apply/compare.ts",
        find: "const slot = state.store.find(compare.buffer, compare.keyStart, compare.keyEnd, state.atRevision);",
        replace:
          "const slot = state.store.find(compare.buffer, compare.keyStart, compare.keyEnd, state.store.revision - 1);",
      },
    ],
  },
  {
    name: "compaction-at-home",
    rule: "a compaction happens on all members",
    edits: [
      {
        file: "machine/src/apply/applier.ts",
        find: "const refusal = this.#store.compact(compaction.revision);",
        replace: "const refusal = context.wantsReply ? this.#store.compact(compaction.revision) : undefined;",
      },
    ],
  },
  {
    name: "lease-time-lost",
    rule: "a new leader gives leases their time again",
    edits: [
      {
        file: "machine/src/lease/promotion.ts",
        find: "this.#startMs = nowMs + extendMs;",
        replace: "this.#startMs = nowMs - 60 * extendMs;",
      },
    ],
  },
  {
    name: "follower-expires",
    rule: "a member that leads no more lets no lease expire, and renews none",
    edits: [
      // The driver would not propose what a member that does not lead wants revoked.
      {
        file: "server/src/lease/lease-proposals.ts",
        find: "onlyAsLeader: true,",
        replace: "onlyAsLeader: false,",
      },
      {
        file: "machine/src/lease/lessor.ts",
        find: "  demote(): void {\n    if (!this.#isPrimary) return;",
        replace: "  demote(): void {\n    if (this.#isPrimary) return;",
      },
      {
        file: "server/src/lease/leadership-check.ts",
        find: "if (this.#confirmedCount === this.#gapCount) return true;",
        replace: "if (this.#confirmedCount >= 0) return true;",
      },
      {
        file: "server/src/lease/lease-keeper.ts",
        find: "const isHere = member.leaderId === member.memberId;",
        replace: "const isHere = this.#lessor.isPrimary;",
      },
      {
        file: "server/src/lease/leadership-check.ts",
        find: "return answered && member.leaderId === member.memberId;",
        replace: "return answered || member.leaderId >= 0n;",
      },
    ],
  },
  {
    name: "lease-revived",
    rule: "a revoked lease is gone",
    edits: [
      {
        file: "machine/src/lease/lessor.ts",
        find: "    this.#leases.delete(id);\n    this.#expiries.remove",
        replace: "    this.#expiries.remove",
      },
    ],
  },
  {
    name: "resume-off-by-one",
    rule: "a watcher resumes at the revision that it asks for",
    edits: [
      {
        file: "machine/src/watch/watch-stream.ts",
        find: "const nextRevision = startRevision === 0 ? revision + 1 : startRevision;",
        replace: "const nextRevision = startRevision === 0 ? revision + 1 : startRevision + 1;",
      },
    ],
  },
  {
    name: "compaction-unseen",
    rule: "a watcher learns that its history is gone",
    edits: [
      {
        file: "machine/src/watch/catch-up.ts",
        find: "const next = watchers.nextRevision.get(watcher);\n    const flags",
        replace:
          "const next = Math.max(watchers.nextRevision.get(watcher), this.#parts.store().compactRevision);\n    const flags",
      },
    ],
  },
  {
    name: "progress-ahead",
    rule: "progress is told after the events that it covers",
    edits: [
      {
        file: "machine/src/watch/watch-stream.ts",
        find: "if (told < record.progressRevision) return false;",
        replace: "",
      },
      {
        file: "machine/src/watch/watch-stream.ts",
        find: "sendProgress(low, high, told);",
        replace: "sendProgress(low, high, this.#parts.store().revision);",
      },
    ],
  },
  {
    name: "progress-while-behind",
    rule: "progress is told when all watchers of a stream are in step",
    edits: [
      {
        file: "machine/src/watch/watch-stream.ts",
        find: "return watcherCount > 0 && laggingCount === 0 &&",
        replace: "return watcherCount > 0 && laggingCount >= 0 &&",
      },
    ],
  },
];
