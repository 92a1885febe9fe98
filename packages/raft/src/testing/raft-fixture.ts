/** Single cores, and small lossless networks of them, for tests that look inside. */
import { assert } from "@quorate/std";
import type { Raft } from "../core/raft.js";
import { startFromStorage } from "../core/start.js";
import { step } from "../core/step.js";
import { appliedEntries, appliedSnapshot } from "../core/applied.js";
import { MemoryLogStorage } from "../memory-log-storage.js";
import type { Progress } from "../tracker/progress.js";
import { type Config, checkConfig } from "../types/config.js";
import { type Entry, EntryType, createEntry, emptyBytes } from "../types/entry.js";
import { type Message, type MessageFields, MessageType, createMessage } from "../types/message.js";

export interface FixtureOptions {
  /** Default 1. */
  readonly id?: number;
  /** Default 1, 2, 3. */
  readonly voters?: readonly number[];
  readonly learners?: readonly number[];
  /** Terms of the entries at 1, 2, ... that storage holds. */
  readonly terms?: readonly number[];
  readonly term?: number;
  readonly vote?: number;
  readonly commit?: number;
  readonly config?: Partial<Config>;
}

export interface Fixture {
  readonly raft: Raft;
  readonly storage: MemoryLogStorage;
}

export const ids = (...numbers: readonly number[]): bigint[] => numbers.map(BigInt);

export function entriesOf(terms: readonly number[], firstIndex = 1): Entry[] {
  return terms.map((term, i) => createEntry(EntryType.EntryNormal, term, firstIndex + i, emptyBytes));
}

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function createRaft(options: FixtureOptions = {}): Fixture {
  const storage = new MemoryLogStorage();
  storage.append(entriesOf(options.terms ?? []));
  storage.setHardState({
    term: options.term ?? 0,
    vote: BigInt(options.vote ?? 0),
    commit: options.commit ?? 0,
  });
  storage.setConfState({
    voters: ids(...(options.voters ?? [1, 2, 3])),
    learners: ids(...(options.learners ?? [])),
    votersOutgoing: [],
    learnersNext: [],
    autoLeave: false,
  });
  const config = checkConfig({
    id: BigInt(options.id ?? 1),
    electionTick: 10,
    heartbeatTick: 1,
    storage,
    random: () => 0,
    maxSizePerMsg: Infinity,
    maxInflightMsgs: 256,
    ...options.config,
  });
  assert(typeof config !== "string", String(config));
  return { raft: startFromStorage(config), storage };
}

/** A message from a node to the fixture's. */
export function receive(raft: Raft, from: number, fields: MessageFields): void {
  step(raft, createMessage({ ...fields, from: BigInt(from), to: raft.id }));
}

export function progressOf(raft: Raft, id: number): Progress {
  const progress = raft.tracker.progress.get(BigInt(id));
  assert(progress !== undefined, `no progress of ${id}`);
  return progress;
}

/** Takes everything queued, durable or not, in the order of queues. */
export function takeMessages(raft: Raft): Message[] {
  const all = [...raft.messages, ...raft.messagesAfterAppend];
  raft.messages = [];
  raft.messagesAfterAppend = [];
  return all;
}

/** Persists and applies everything, as a Ready and its advance do. @returns the messages for others. */
export function settle({ raft, storage }: Fixture): Message[] {
  const out: Message[] = [];
  for (;;) {
    const { unstable } = raft.log;
    const snapshot = unstable.nextSnapshot();
    const entries = unstable.nextEntries();
    const committed = raft.log.nextCommitted(true);
    const messages = takeMessages(raft);
    if (snapshot === null && entries.length === 0 && committed.length === 0 && messages.length === 0)
      return out;
    unstable.acceptInProgress();
    if (committed.length > 0) raft.log.acceptApplying(committed, true);
    if (snapshot !== null) storage.applySnapshot(snapshot);
    storage.append(entries);
    storage.setHardState(raft.hardState());
    const own = messages.filter((message) => message.to === raft.id);
    out.push(...messages.filter((message) => message.to !== raft.id));
    for (const message of own) step(raft, message);
    const last = entries.at(-1);
    if (last !== undefined) unstable.stableTo(last.index, last.term);
    if (snapshot !== null) appliedSnapshot(raft, snapshot);
    if (committed.length > 0) appliedEntries(raft, committed);
  }
}

/** A leader of term 1 (or one above what is stored), its first entry durable and not yet acknowledged by anybody else. */
export function createLeader(options: FixtureOptions = {}): Fixture {
  const fixture = createRaft(options);
  elect(fixture);
  settle(fixture);
  return fixture;
}

/** Wins an election with everybody's vote. Messages stay queued. */
export function elect(fixture: Fixture): void {
  const { raft } = fixture;
  const preVote = raft.config.preVote;
  step(raft, createMessage({ type: MessageType.MsgHup, from: raft.id }));
  for (const pre of preVote ? [true, false] : [false]) {
    takeMessages(raft);
    for (const id of raft.tracker.voters()) {
      if (raft.role === "StateLeader") break;
      const type = pre ? MessageType.MsgPreVoteResp : MessageType.MsgVoteResp;
      step(raft, createMessage({ type, from: id, to: raft.id, term: raft.term + (pre ? 1 : 0) }));
      if (raft.role === "StateCandidate" && pre) break;
    }
  }
  assert(raft.role === "StateLeader", () => `elected, but ${raft.role}`);
}

/** Nodes that hand each other everything until nobody has anything to say. */
export class TestNetwork {
  readonly nodes = new Map<bigint, Fixture>();
  /** Messages for which this is true are lost. */
  lose: (message: Message) => boolean = () => false;

  constructor(fixtures: readonly Fixture[]) {
    for (const fixture of fixtures) this.nodes.set(fixture.raft.id, fixture);
  }

  raft(id: number): Raft {
    return this.fixture(id).raft;
  }

  fixture(id: number): Fixture {
    const fixture = this.nodes.get(BigInt(id));
    assert(fixture !== undefined, `no node ${id}`);
    return fixture;
  }

  /** Everything from and to these nodes is lost from now on. */
  isolate(...numbers: readonly number[]): void {
    const cut = new Set(ids(...numbers));
    this.lose = (message) => cut.has(message.from) || cut.has(message.to);
  }

  heal(): void {
    this.lose = () => false;
  }

  /** Steps the message at its receiver and everything that follows from it. */
  send(fields: MessageFields): void {
    const first = createMessage(fields);
    const target = this.nodes.get(first.to);
    assert(target !== undefined, `no node ${first.to}`);
    step(target.raft, first);
    this.run();
  }

  run(): void {
    for (let busy = true; busy;) {
      busy = false;
      for (const fixture of this.nodes.values()) {
        for (const message of settle(fixture)) {
          busy = true;
          const target = this.nodes.get(message.to);
          if (target !== undefined && !this.lose(message)) step(target.raft, message);
        }
      }
    }
  }

  campaign(id: number): void {
    this.send({ type: MessageType.MsgHup, to: BigInt(id), from: BigInt(id) });
  }

  propose(id: number, data: Uint8Array = text("some data")): void {
    const entries = [createEntry(EntryType.EntryNormal, 0, 0, data)];
    this.send({ type: MessageType.MsgProp, to: BigInt(id), from: BigInt(id), entries });
  }
}

/** Terms of the whole log, from its first index on. */
export function logTerms(raft: Raft): number[] {
  const terms: number[] = [];
  for (let index = raft.log.firstIndex(); index <= raft.log.lastIndex(); index++)
    terms.push(raft.log.termOrZero(index));
  return terms;
}
