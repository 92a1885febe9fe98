/** Rules of the driver, of installations and of the leader's clock. */
import type { Mutation } from "./mutation.js";

export const MEMBER_MUTATIONS: readonly Mutation[] = [
  {
    name: "ack-before-fsync",
    rule: "an entry is acknowledged when it is durable",
    edits: [
      {
        file: "server/src/member/log-writer.ts",
        find: "this.#ports.log.append(changed, message.entries, (error) => this.#done(append, error));",
        replace:
          "this.#ports.log.append(changed, message.entries, () => undefined);\n    queueMicrotask(() => this.#done(append, undefined));",
      },
    ],
  },
  {
    name: "vote-written-with-terms",
    rule: "a vote is written whether its term is new or not",
    edits: [
      {
        file: "server/src/member/log-writer.ts",
        find: "return hardState.term !== latest.term || hardState.vote !== latest.vote;",
        replace: "return hardState.term !== latest.term;",
      },
    ],
    aimed: { ploy: "two-votes", seedsMax: 3 },
  },
  {
    name: "read-without-round",
    rule: "a linearizable read asks how far it must see",
    edits: [
      {
        file: "server/src/member/read-barrier.ts",
        find: "if (round?.index === undefined || round.index > appliedIndex) return;",
        replace: "if (round === undefined) return;",
      },
    ],
  },
  {
    name: "read-before-applied",
    rule: "a linearizable read waits until what it must see is applied",
    edits: [
      {
        file: "server/src/member/read-barrier.ts",
        find: "if (round?.index === undefined || round.index > appliedIndex) return;",
        replace: "if (round?.index === undefined) return;",
      },
    ],
  },
  {
    name: "read-joins-round",
    rule: "a reader waits for the next round, not for the running one",
    edits: [
      {
        file: "server/src/member/read-barrier.ts",
        find: "    this.#next.push(reader);\n",
        replace: "    (this.#round?.readers ?? this.#next).push(reader);\n",
      },
    ],
  },
  {
    name: "trim-before-flush",
    rule: "the log is trimmed behind what the store has durably",
    edits: [
      {
        file: "server/src/member/log-trimmer.ts",
        find: "    await store.flushDurable();\n    this.#parts.writeCommitIndex();\n    await log.saveSnapshot",
        replace: "    this.#parts.writeCommitIndex();\n    await log.saveSnapshot",
      },
    ],
  },
  {
    name: "database-before-record",
    rule: "the log knows of a snapshot before its database is in place",
    edits: [
      {
        file: "server/src/node/snapshot-installer.ts",
        find: "    await record();\n    await dataDir.activateDatabase(prepared.enginePath);",
        replace: "    await dataDir.activateDatabase(prepared.enginePath);\n    await record();",
      },
    ],
  },
  {
    name: "deposed-leader-renews",
    rule: "a leader asks a quorum before it says of a lease that it lives",
    edits: [
      {
        file: "server/src/lease/leadership-check.ts",
        find: "if (this.#confirmedCount === this.#gapCount) return true;",
        replace: "if (this.#confirmedCount >= 0) return true;",
      },
      {
        file: "server/src/lease/leadership-check.ts",
        find: "return answered && member.leaderId === member.memberId;",
        replace: "return answered || member.leaderId !== 0n;",
      },
    ],
  },
];
