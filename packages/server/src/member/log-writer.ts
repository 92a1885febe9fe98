/**
 * The append thread of raft: writes what a MsgStorageAppend asks for and delivers its answers once it is durable.
 *
 * Several appends may be in flight; the log completes them in order. A change of the commit index alone needs no write of
 * its own: losing it costs only time, so it travels with the next entries, and its answers wait only for the appends
 * before it.
 *
 * A snapshot that came from the leader takes the place of the log and of the store. What raft asks for while it is installed
 * waits behind it, in order: entries that follow the snapshot mean nothing without it.
 */
import {
  hardStatesEqual,
  isEmptyHardState,
  type Entry,
  type HardState,
  type MemoryLogStorage,
  type Message,
  type Snapshot,
} from "@quorate/raft";
import { assert } from "@quorate/std";
import type { ClockPort, LogPort, ReportPort } from "./ports.js";
import type { QueueLevel } from "./queue-limits.js";

/** A write that takes longer is told to the operator: elections and time-outs follow from slow disks. */
const SLOW_WRITE_MS = 1000;
/** A commit index that had no company for so many ticks is written by itself: a forced start must not lose what was committed. */
const HELD_TICKS_MAX = 10;
/** Appends that may wait behind the installation of a snapshot; the leader sends nothing new before it is answered. */
const WAITING_APPENDS_MAX = 100_000;

interface Append {
  readonly entries: readonly Entry[];
  /** Answers of this append, then of the commit-only ones that came after it. */
  readonly responses: Message[];
  readonly sinceMs: number;
}

export interface LogWriterPorts {
  readonly clock: ClockPort;
  readonly report: ReportPort;
  readonly log: LogPort;
  /** What raft reads back; entries appear here once they are durable. */
  readonly storage: MemoryLogStorage;
  /**
   * Makes the database of a snapshot, which lies ready, the member's own. Calls `record` once: that puts the snapshot into the
   * log, and must be done before the database takes the place of the old one.
   */
  readonly install: (snapshot: Snapshot, record: () => Promise<void>) => Promise<void>;
  /** Answers to deliver, in order. Never called inside `append`. */
  readonly deliver: (responses: readonly Message[]) => void;
  readonly onFailed: (error: Error) => void;
}

export class LogWriter {
  readonly #ports: LogWriterPorts;
  readonly #inFlight: Append[] = [];
  /** Newest hard state handed to the log. */
  #written: HardState;
  /** Newer than `#written` by its commit index only, and not yet handed to the log. */
  #held: HardState | undefined;
  #heldTicks = 0;
  #ready: Message[] = [];
  #failed = false;
  /** What came while a snapshot is being installed; undefined when none is. */
  #behindSnapshot: Message[] | undefined;

  /**
   * @param hardState what raft starts with. Its commit index may be newer than the log's, since applied means committed.
   * @param loggedCommit the commit index that is in the log.
   */
  constructor(ports: LogWriterPorts, hardState: HardState, loggedCommit: number = hardState.commit) {
    this.#ports = ports;
    this.#written = { ...hardState, commit: loggedCommit };
    if (loggedCommit < hardState.commit) this.#held = hardState;
  }

  levels(): readonly QueueLevel[] {
    const held = this.#behindSnapshot?.length ?? 0;
    return [{ name: "WAITING_APPENDS_MAX", held, limit: WAITING_APPENDS_MAX }];
  }

  append(message: Message): void {
    if (this.#behindSnapshot !== undefined) {
      assert(this.#behindSnapshot.length < WAITING_APPENDS_MAX, "too much waits behind a snapshot");
      this.#behindSnapshot.push(message);
    } else if (message.snapshot !== null) this.#install(message, message.snapshot);
    else this.#append(message);
  }

  #append(message: Message): void {
    const hardState = hardStateOf(message);
    if (message.entries.length === 0 && !this.#mustSync(hardState))
      return this.#hold(hardState, message.responses);
    const append = this.#createAppend(message.entries, message.responses);
    const newest = hardState ?? this.#held;
    this.#held = undefined;
    const changed = newest !== undefined && !hardStatesEqual(newest, this.#written) ? newest : undefined;
    if (changed !== undefined) this.#written = changed;
    this.#inFlight.push(append);
    this.#ports.log.append(changed, message.entries, (error) => this.#done(append, error));
  }

  #createAppend(entries: readonly Entry[], responses: readonly Message[]): Append {
    return { entries, responses: [...responses], sinceMs: this.#ports.clock.monotonicMs() };
  }

  #install(message: Message, snapshot: Snapshot): void {
    this.#behindSnapshot = [];
    this.#ports
      .install(snapshot, () => this.#record(message, snapshot))
      .then(
        () => this.#installed(message, snapshot),
        (error: unknown) => this.#fail(error),
      );
  }

  /** The snapshot goes into the log before the state that relies on it. */
  async #record(message: Message, snapshot: Snapshot): Promise<void> {
    const { log } = this.#ports;
    const { index, term, confState } = snapshot.metadata;
    await log.saveSnapshot({ index, term, confState });
    const hardState = hardStateOf(message) ?? this.#held ?? this.#written;
    this.#held = undefined;
    this.#written = hardState;
    await new Promise<void>((resolve, reject) => {
      log.append(hardState, message.entries, (error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  #installed(message: Message, snapshot: Snapshot): void {
    if (this.#failed) return;
    const { storage, log } = this.#ports;
    storage.applySnapshot({ ...snapshot, data: new Uint8Array(0) });
    storage.append(message.entries);
    log.releaseBelow(snapshot.metadata.index);
    const behind = this.#behindSnapshot ?? [];
    this.#behindSnapshot = undefined;
    // Delivering lets raft ask for more, which must not overtake what has been waiting.
    for (const next of behind) this.append(next);
    this.#ports.deliver(message.responses);
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#ports.onFailed(error instanceof Error ? error : new Error(String(error)));
  }

  #mustSync(hardState: HardState | undefined): boolean {
    if (hardState === undefined) return false;
    const latest = this.#held ?? this.#written;
    return hardState.term !== latest.term || hardState.vote !== latest.vote;
  }

  #hold(hardState: HardState | undefined, responses: readonly Message[]): void {
    if (hardState !== undefined) this.#held = hardState;
    const last = this.#inFlight.at(-1);
    (last?.responses ?? this.#ready).push(...responses);
  }

  /**
   * Writes a commit index that was waiting for company. Due before a snapshot mark: a reader of the log ignores marks
   * above the newest commit index, and the segments behind this one are about to go.
   */
  writeHeld(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    this.#written = held;
    const append = this.#createAppend([], []);
    this.#inFlight.push(append);
    this.#ports.log.append(held, [], (error) => this.#done(append, error));
  }

  tick(): void {
    this.#heldTicks = this.#held === undefined || this.#inFlight.length > 0 ? 0 : this.#heldTicks + 1;
    if (this.#heldTicks >= HELD_TICKS_MAX && this.#behindSnapshot === undefined) this.writeHeld();
  }

  /** Answers that were waiting for nothing; the caller delivers them after its current step. */
  takeReady(): readonly Message[] {
    const ready = this.#ready;
    if (ready.length > 0) this.#ready = [];
    return ready;
  }

  #done(append: Append, error: Error | undefined): void {
    if (this.#failed) return;
    if (error !== undefined) return this.#fail(error);
    this.#reportIfSlow(append.sinceMs);
    const first = this.#inFlight.shift();
    assert(first === append, "the log completed its writes out of order");
    this.#ports.storage.append(append.entries);
    this.#ports.deliver(append.responses);
  }

  #reportIfSlow(sinceMs: number): void {
    const tookMs = this.#ports.clock.monotonicMs() - sinceMs;
    if (tookMs < SLOW_WRITE_MS) return;
    this.#ports.report.warn("slow fdatasync", {
      took: `${Math.round(tookMs)}ms`,
      "expected-duration": `${SLOW_WRITE_MS / 1000}s`,
    });
  }
}

/** undefined when the message does not change it. */
function hardStateOf({ term, vote, commit }: Message): HardState | undefined {
  const state: HardState = { term, vote, commit };
  return isEmptyHardState(state) ? undefined : state;
}
