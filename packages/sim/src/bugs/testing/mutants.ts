/**
 * Bugs of others, put into our own code: the script that plays a bug has to show it then. `find` stands exactly once in its file; a change
 * of the code that moves it must move it here too.
 */
import type { Edit } from "../../mutations/testing/mutation.js";

export interface Mutant {
  /** Names of the bugs whose scripts have to show it. */
  readonly bugs: readonly string[];
  /** What is broken. */
  readonly rule: string;
  readonly edits: readonly Edit[];
}

export const MUTANTS: readonly Mutant[] = [
  {
    bugs: ["progress-before-events"],
    rule: "progress is told when all watchers of the stream are in step",
    edits: [
      {
        file: "machine/src/watch/watch-stream.ts",
        find: "return watcherCount > 0 && laggingCount === 0 && compactedCount === 0",
        replace: "return watcherCount > 0 && laggingCount >= 0 && compactedCount === 0",
      },
    ],
  },
  {
    bugs: ["watch-on-future-revision"],
    rule: "no progress is told to a watch that begins later",
    edits: [
      {
        file: "machine/src/watch/watch-stream.ts",
        find: "if (!this.#hasFuture(told)) record.isBlocked",
        replace: "record.isBlocked",
      },
    ],
  },
  {
    bugs: ["compaction-at-a-delete", "compaction-at-the-last-delete"],
    rule: "a delete exactly at a compaction stays",
    edits: [
      {
        file: "machine/src/mvcc/compactor.ts",
        find: "if (this.#slots.main(tombstone) < this.#revision) return true;",
        replace: "if (this.#slots.main(tombstone) <= this.#revision) return true;",
      },
    ],
  },
  {
    bugs: ["revision-falls-after-compaction"],
    rule: "the revision never falls, whatever a compaction took",
    edits: [
      {
        file: "machine/src/mvcc/store.ts",
        find: "const revision = Math.max(lastMain, compactor.revision, FIRST_REVISION);",
        replace: "const revision = Math.max(lastMain, FIRST_REVISION);",
      },
      // The delete at the compaction itself would still tell the revision.
      {
        file: "machine/src/mvcc/compactor.ts",
        find: "if (this.#slots.main(tombstone) < this.#revision) return true;",
        replace: "if (this.#slots.main(tombstone) <= this.#revision) return true;",
      },
    ],
  },
  {
    bugs: ["compacted-read-in-a-transaction"],
    rule: "a transaction is refused for a compacted revision, whatever is still there",
    edits: [
      {
        file: "machine/src/apply/txn-path.ts",
        find: 'return revision < state.store.compactRevision ? "compacted" : undefined;',
        replace: "return undefined;",
      },
    ],
  },
  {
    bugs: ["acknowledged-before-durable", "acknowledged-by-a-few"],
    rule: "a write is acknowledged when it is on the disk",
    edits: [
      {
        file: "storage/src/wal/wal-writer.ts",
        find: "this.#segment.write(group.bytes, group.length, group.position, (error) => this.#written(group, error));",
        replace:
          "{\n        this.#segment.write(Buffer.from(group.bytes), group.length, group.position, () => undefined);\n        queueMicrotask(() => this.#written(group, null));\n      }",
      },
    ],
  },
  {
    bugs: ["index-behind-the-data", "crash-in-a-defragmentation"],
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
    bugs: ["stale-read-after-a-pause", "stale-read-without-a-quorum"],
    rule: "a read waits for what a quorum says",
    edits: [
      {
        file: "server/src/member/read-barrier.ts",
        find: "if (round?.index === undefined || round.index > appliedIndex) return;",
        replace: "if (round === undefined) return;",
      },
    ],
  },
  {
    bugs: ["stale-read-after-an-election"],
    rule: "a new leader answers reads once it has committed an entry of its own term",
    edits: [
      {
        file: "raft/src/core/reads.ts",
        find: "function committedInTerm(raft: Raft): boolean {",
        replace: "function committedInTerm(raft: Raft): boolean {\n  if (raft.term > 0) return true;",
      },
    ],
  },
  {
    bugs: ["lease-revived-by-an-old-leader"],
    rule: "a lease is renewed by a leader that a quorum follows",
    edits: [
      {
        file: "server/src/lease/primary-leases.ts",
        find: 'if (!(await leadership.confirm())) return "not-primary";',
        replace: "",
      },
    ],
  },
  {
    bugs: ["authentication-differs-between-members"],
    rule: "a database of the leader brings its authentication along",
    edits: [
      {
        file: "machine/src/auth/auth-store.ts",
        find: "this.#enabled = other.#enabled;",
        replace: "",
      },
    ],
  },
  {
    bugs: ["lock-for-an-expired-lease"],
    rule: "a waiter gets the lock only if its own key is still there",
    edits: [
      {
        file: "server/src/api/lock/lock-service.ts",
        find: 'if (own.kvs.length === 0) throw recipeError("session-expired");',
        replace: "",
      },
    ],
  },
  {
    bugs: ["compaction-forgotten"],
    rule: "a compaction is stored with the entries that were applied",
    edits: [
      {
        file: "machine/src/mvcc/compactor.ts",
        find: "writer.addRaw(SCHEDULED_COMPACT_KEY, createMetaRevision(revision));",
        replace: "",
      },
      {
        file: "machine/src/mvcc/compactor.ts",
        find: "writer.addRaw(FINISHED_COMPACT_KEY, createMetaRevision(this.#finished));",
        replace: "",
      },
    ],
  },
  {
    bugs: ["lease-revoked-by-an-old-leader"],
    rule: "a leader that stood still asks a quorum before it revokes",
    edits: [
      {
        file: "server/src/lease/leadership-check.ts",
        find: "if (this.#confirmedCount === this.#gapCount) return true;",
        replace: "if (this.#gapCount >= 0) return true;",
      },
      // The driver does not hand to the next leader what this one wanted revoked.
      {
        file: "server/src/lease/lease-proposals.ts",
        find: "onlyAsLeader: true,",
        replace: "onlyAsLeader: false,",
      },
    ],
  },
];
