/** Rules of raft. */
import type { Mutation } from "./mutation.js";

export const RAFT_MUTATIONS: readonly Mutation[] = [
  {
    name: "vote-before-durable",
    rule: "a vote leaves when it is durable",
    edits: [
      {
        file: "raft/src/core/raft.ts",
        find: "this.messagesAfterAppend.push(createMessageFrom(fields, from, term));",
        replace:
          "(fields.to === this.id ? this.messagesAfterAppend : this.messages).push(createMessageFrom(fields, from, term));",
      },
    ],
  },
  {
    name: "append-before-durable",
    rule: "an append is acknowledged to the leader when it is durable",
    edits: [
      {
        file: "raft/src/core/raft.ts",
        find: "this.messagesAfterAppend.push(createMessageFrom(fields, from, this.term));",
        replace:
          "(fields.to === this.id ? this.messagesAfterAppend : this.messages).push(createMessageFrom(fields, from, this.term));",
      },
    ],
  },
  {
    name: "vote-forgotten",
    rule: "a member that starts anew remembers its vote",
    edits: [
      {
        file: "raft/src/core/start.ts",
        find: "raft.vote = hardState.vote;",
        replace: "raft.vote = NONE;",
      },
    ],
  },
  {
    name: "votes-twice",
    rule: "a term has one vote",
    edits: [
      {
        file: "raft/src/core/election.ts",
        find: "(raft.vote === NONE && raft.lead === NONE) ||",
        replace: "raft.lead === NONE ||",
      },
    ],
  },
  {
    name: "votes-for-shorter-logs",
    rule: "a vote goes to a log that is as complete as one's own",
    edits: [
      {
        file: "raft/src/core/election.ts",
        find: "if (!free || !raft.log.isUpToDate({ term: message.logTerm, index: message.index })) {",
        replace: "if (!free) {",
      },
    ],
  },
  {
    name: "small-election",
    rule: "an election is won with more than half",
    edits: [
      {
        file: "raft/src/quorum/majority.ts",
        find: "const quorum = Math.floor(count / 2) + 1;",
        replace: "const quorum = Math.floor(count / 2);",
      },
    ],
  },
  {
    name: "small-quorum",
    rule: "committed is what more than half have",
    edits: [
      {
        file: "raft/src/quorum/majority.ts",
        find: "return sorted[count - (Math.floor(count / 2) + 1)] as number;",
        replace: "return sorted[count - 1] as number;",
      },
    ],
  },
  {
    name: "learner-counts",
    rule: "a learner does not count",
    edits: [
      {
        file: "raft/src/tracker/progress-tracker.ts",
        find: "return this.#progress.get(voter)?.match;",
        replace:
          "const own = this.#progress.get(voter)?.match; if (voter !== this.#config.voters[0]) return own; return Math.max(own ?? 0, ...[...this.#progress.values()].map(({ isLearner, match }) => (isLearner ? match : 0)));",
      },
    ],
  },
  {
    name: "append-without-match",
    rule: "an append is taken where the logs match",
    edits: [
      {
        file: "raft/src/log/raft-log.ts",
        find: "if (!this.matchTerm(prev.index, prev.term)) return null;",
        replace: "if (prev.index > this.lastIndex()) return null;",
      },
    ],
  },
  {
    name: "read-without-quorum",
    rule: "a leader asks a quorum before it answers a read",
    edits: [
      {
        file: "raft/src/core/reads.ts",
        find: 'if (raft.config.readOnlyOption === "lease-based") {',
        replace: "if (raft.isLeader) {",
      },
    ],
  },
  {
    name: "snapshot-without-members",
    rule: "a snapshot brings its members",
    edits: [
      {
        file: "raft/src/core/restore.ts",
        find: "restoreConfiguration(raft, confState);\n",
        replace: "",
      },
    ],
  },
  {
    name: "heartbeat-commits-all",
    rule: "a heartbeat commits what the follower is known to have",
    edits: [
      {
        file: "raft/src/core/replication.ts",
        find: "const commit = Math.min(progress.match, raft.log.committed);",
        replace: "const commit = raft.log.committed;",
      },
      {
        file: "raft/src/log/raft-log.ts",
        find: "if (index <= this.#committed) return;\n    assert(",
        replace:
          "if (index <= this.#committed) return;\n    if (index > this.lastIndex()) return;\n    assert(",
      },
    ],
  },
  {
    name: "apply-before-commit",
    rule: "only what is committed is applied",
    edits: [
      {
        file: "raft/src/log/raft-log.ts",
        find: "return allowUnstable ? this.#committed : Math.min(this.#committed, this.unstable.first - 1);",
        replace: "return allowUnstable ? this.#committed : this.unstable.first - 1;",
      },
      {
        file: "raft/src/log/raft-log.ts",
        find: "last <= this.#committed,\n",
        replace: "last >= 0,\n",
      },
      {
        file: "raft/src/log/raft-log.ts",
        find: "index >= this.#applied && index <= this.#committed,",
        replace: "index >= this.#applied,",
      },
    ],
  },
  {
    name: "old-term-commits",
    rule: "a leader counts acknowledgements of entries of its own term only",
    edits: [
      {
        file: "raft/src/log/raft-log.ts",
        find: "if (term === 0 || index <= this.#committed || !this.matchTerm(index, term)) return false;",
        replace: "if (term === 0 || index <= this.#committed) return false;",
      },
      // It would notice by itself, where reads wait.
      {
        file: "raft/src/core/reads.ts",
        find: '  assert(committedInTerm(raft), "parked reads released before the first commit of the term");\n',
        replace: "",
      },
    ],
  },
  {
    name: "change-over-change",
    rule: "the configuration changes when the change before is applied",
    edits: [
      {
        file: "raft/src/core/proposal.ts",
        find: "if (raft.pendingConfIndex > raft.log.applied) {",
        replace: "if (raft.pendingConfIndex < 0) {",
      },
    ],
  },
  {
    name: "read-before-own-term",
    rule: "a leader answers reads when it has committed an entry of its term",
    edits: [
      {
        file: "raft/src/core/reads.ts",
        find: "  if (committedInTerm(raft)) {\n    startRead(raft, request);",
        replace: "  if (raft.isLeader) {\n    startRead(raft, request);",
      },
    ],
  },
  {
    name: "commit-beyond-message",
    rule: "a follower commits no entry that a message has not shown to be the leader's",
    edits: [
      {
        file: "raft/src/log/raft-log.ts",
        find: "this.commitTo(Math.min(leaderCommit, last));",
        replace: "this.commitTo(Math.min(leaderCommit, this.lastIndex()));",
      },
      // As good a leader, but it begins further back than it must. The first entry that ours sends is one that the follower has not.
      {
        file: "raft/src/core/role.ts",
        find: "raft.tracker.resetProgress(raft.id, raft.log.lastIndex());",
        replace: "raft.tracker.resetProgress(raft.id, Math.max(0, raft.log.lastIndex() - 8));",
        isHarmless: true,
      },
    ],
    aimed: { ploy: "long-tail", seedsMax: 3 },
  },
  {
    name: "old-snapshot",
    rule: "a snapshot of what is committed already is not taken",
    edits: [
      {
        file: "raft/src/core/restore.ts",
        find: "  if (index <= raft.log.committed) return false;\n",
        replace: "",
      },
    ],
    aimed: { ploy: "old-database", seedsMax: 3 },
  },
];
