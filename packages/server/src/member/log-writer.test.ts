import {
  createEntry,
  createMessage,
  EntryType,
  MemoryLogStorage,
  MessageType,
  type Message,
} from "@quorate/raft";
import { expect, test } from "vitest";
import { LogWriter } from "./log-writer.js";

const CONF_STATE = { voters: [1n], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };

/** What raft asks the log for: entries first..last, or nothing when last is below. */
function appendOf(first: number, last: number, snapshotIndex?: number): Message {
  const entries = [];
  for (let index = first; index <= last; index++)
    entries.push(createEntry(EntryType.EntryNormal, 2, index, Uint8Array.of(1)));
  const snapshot =
    snapshotIndex === undefined
      ? null
      : { data: new Uint8Array(0), metadata: { index: snapshotIndex, term: 2, confState: CONF_STATE } };
  return createMessage({
    type: MessageType.MsgStorageAppend,
    term: 2,
    vote: 0n,
    commit: 200,
    entries,
    snapshot,
  });
}

interface Bed {
  readonly writer: LogWriter;
  readonly storage: MemoryLogStorage;
  /** What went to the log, in order. */
  readonly written: string[];
  readonly failures: Error[];
  readonly warnings: string[];
  readonly time: { nowMs: number };
  /** What delivering answers makes raft ask for. */
  next: Message | undefined;
  finishInstallation(): void;
}

function createBed(): Bed {
  const storage = new MemoryLogStorage();
  const written: string[] = [];
  const failures: Error[] = [];
  const warnings: string[] = [];
  const time = { nowMs: 0 };
  let finish: () => void = () => undefined;
  const bed: Bed = {
    writer: new LogWriter(
      {
        clock: { monotonicMs: () => time.nowMs, unixMs: () => 0 },
        report: { info: () => undefined, warn: (message) => void warnings.push(message) },
        log: {
          append: (_hardState, entries, done) => {
            written.push(...entries.map(({ index }) => `entry ${index}`));
            time.nowMs += 10;
            queueMicrotask(() => done(undefined));
          },
          saveSnapshot: ({ index }) => {
            written.push(`mark ${index}`);
            return Promise.resolve();
          },
          releaseBelow: () => undefined,
          close: () => Promise.resolve(),
        },
        storage,
        install: async (_snapshot, record) => {
          await record();
          await new Promise<void>((resolve) => (finish = resolve));
        },
        deliver: () => {
          const { next } = bed;
          bed.next = undefined;
          if (next !== undefined) bed.writer.append(next);
        },
        onFailed: (error) => void failures.push(error),
      },
      { term: 1, vote: 0n, commit: 100 },
    ),
    storage,
    written,
    failures,
    warnings,
    time,
    next: undefined,
    finishInstallation: () => finish(),
  };
  return bed;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a snapshot is in the log before the entries that follow it, and both before it counts", async () => {
  const bed = createBed();
  bed.writer.append(appendOf(201, 202, 200));
  await turn();
  expect(bed.written).toEqual(["mark 200", "entry 201", "entry 202"]);
  expect(bed.storage.lastIndex()).toBe(0);
  bed.finishInstallation();
  await turn();
  expect(bed.storage.firstIndex()).toBe(201);
  expect(bed.storage.lastIndex()).toBe(202);
});

test("what waits behind a snapshot keeps its place before what raft asks for when it is installed", async () => {
  const bed = createBed();
  bed.next = appendOf(205, 206);
  bed.writer.append(appendOf(201, 200, 200));
  await turn();
  bed.writer.append(appendOf(201, 204));
  expect(bed.written).toEqual(["mark 200"]);
  bed.finishInstallation();
  await turn();
  expect(bed.written.slice(1)).toEqual([201, 202, 203, 204, 205, 206].map((index) => `entry ${index}`));
  expect(bed.storage.lastIndex()).toBe(206);
  expect(bed.failures).toEqual([]);
});

test("a write that takes a second is told to the operator", async () => {
  const bed = createBed();
  bed.writer.append(appendOf(1, 1));
  bed.time.nowMs += 1000;
  await turn();
  expect(bed.warnings).toEqual(["slow fdatasync"]);
});
