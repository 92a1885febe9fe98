/**
 * The append thread of raft: writes what a MsgStorageAppend asks for and delivers its answers once it is durable.
 *
 * Several appends may be in flight; the log completes them in order. A change of the commit index alone needs no write of
 * its own: losing it costs only time, so it travels with the next entries, and its answers wait only for the appends
 * before it.
 */
import {
  hardStatesEqual,
  isEmptyHardState,
  type Entry,
  type HardState,
  type MemoryLogStorage,
  type Message,
} from "@quorate/raft";
import { assert } from "@quorate/std";
import type { LogPort } from "./ports.js";

interface Append {
  readonly entries: readonly Entry[];
  /** Answers of this append, then of the commit-only ones that came after it. */
  readonly responses: Message[];
}

export interface LogWriterPorts {
  readonly log: LogPort;
  /** What raft reads back; entries appear here once they are durable. */
  readonly storage: MemoryLogStorage;
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
  #ready: Message[] = [];
  #failed = false;

  constructor(ports: LogWriterPorts, hardState: HardState) {
    this.#ports = ports;
    this.#written = hardState;
  }

  append(message: Message): void {
    assert(message.snapshot === null, "a snapshot from a peer reached a member that has no peers");
    const state: HardState = { term: message.term, vote: message.vote, commit: message.commit };
    const hardState = isEmptyHardState(state) ? undefined : state;
    if (message.entries.length === 0 && !this.#mustSync(hardState))
      return this.#hold(hardState, message.responses);
    const append: Append = { entries: message.entries, responses: [...message.responses] };
    const newest = hardState ?? this.#held;
    this.#held = undefined;
    const changed = newest !== undefined && !hardStatesEqual(newest, this.#written) ? newest : undefined;
    if (changed !== undefined) this.#written = changed;
    this.#inFlight.push(append);
    this.#ports.log.append(changed, message.entries, (error) => this.#done(append, error));
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
    const append: Append = { entries: [], responses: [] };
    this.#inFlight.push(append);
    this.#ports.log.append(held, [], (error) => this.#done(append, error));
  }

  /** Answers that were waiting for nothing; the caller delivers them after its current step. */
  takeReady(): readonly Message[] {
    const ready = this.#ready;
    if (ready.length > 0) this.#ready = [];
    return ready;
  }

  #done(append: Append, error: Error | undefined): void {
    if (this.#failed) return;
    if (error !== undefined) {
      this.#failed = true;
      this.#ports.onFailed(error);
      return;
    }
    const first = this.#inFlight.shift();
    assert(first === append, "the log completed its writes out of order");
    this.#ports.storage.append(append.entries);
    this.#ports.deliver(append.responses);
  }
}
