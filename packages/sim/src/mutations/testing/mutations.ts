/**
 * Our own rules, each broken on purpose: a simulator that lets one of these live past `seedsMax` seeds proves nothing. `find` stands
 * exactly once in the file; a change of the code that moves it must move it here too.
 */
export interface Mutation {
  /** The rule that is broken. */
  readonly rule: string;
  /** Relative to the folder of packages. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Seeds, from the first on, within which it must be caught. */
  readonly seedsMax: number;
}

export const MUTATIONS: readonly Mutation[] = [
  {
    rule: "an entry is acknowledged only when it is durable",
    file: "server/src/member/log-writer.ts",
    find: "this.#ports.log.append(changed, message.entries, (error) => this.#done(append, error));",
    replace:
      "this.#ports.log.append(changed, message.entries, () => undefined);\n    queueMicrotask(() => this.#done(append, undefined));",
    seedsMax: 6,
  },
  {
    rule: "a linearizable read asks how far it must see",
    file: "server/src/member/read-barrier.ts",
    find: "if (round?.index === undefined || round.index > appliedIndex) return;",
    replace: "if (round === undefined) return;",
    seedsMax: 8,
  },
  {
    rule: "a linearizable read waits until what it must see is applied",
    file: "server/src/member/read-barrier.ts",
    find: "if (round?.index === undefined || round.index > appliedIndex) return;",
    replace: "if (round?.index === undefined) return;",
    seedsMax: 10,
  },
  {
    rule: "committed is what more than half have",
    file: "raft/src/quorum/majority.ts",
    find: "return sorted[count - (Math.floor(count / 2) + 1)] as number;",
    replace: "return sorted[count - 1] as number;",
    seedsMax: 6,
  },
  {
    rule: "an election is won with more than half",
    file: "raft/src/quorum/majority.ts",
    find: "const quorum = Math.floor(count / 2) + 1;",
    replace: "const quorum = Math.floor(count / 2);",
    seedsMax: 8,
  },
  {
    rule: "the applied index is stored with what was applied",
    file: "machine/src/mvcc/write-behind.ts",
    find: "if (batch.index !== this.#persistedIndex) addNumberRow(batch, CONSISTENT_INDEX_KEY, batch.index);",
    replace: "if (batch.index % 7 === 0) addNumberRow(batch, CONSISTENT_INDEX_KEY, batch.index);",
    seedsMax: 4,
  },
];
