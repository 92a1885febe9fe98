/**
 * What the member driver needs from the world: time, turns of the event loop, the log on disk, other members, a log for
 * people. Node adapters implement these ports, and so does the simulator.
 */
import type { ConfState, Entry, HardState, Message } from "@quorate/raft";

export interface ClockPort {
  /** Milliseconds that never go backwards. */
  monotonicMs(): number;
  /** Wall clock, milliseconds since 1970. Used for request ids only, never for order or expiry. */
  unixMs(): number;
}

export interface SchedulerPort {
  /** Runs `task` once, after the input that is already waiting has been read, before any timer that is not yet due. */
  soon(task: () => void): void;
  /** Runs `task` every `intervalMs` until the returned function is called. */
  every(intervalMs: number, task: () => void): () => void;
  /** Runs `task` once after `delayMs`, unless the returned function is called before. */
  after(delayMs: number, task: () => void): () => void;
  /** Resolves on a later turn, after waiting input had its chance. */
  yieldTurn(): Promise<void>;
}

/** The write-ahead log. Calls take effect in order; a failure is final: every later `done` gets an error too. */
export interface LogPort {
  /** `done` is called once entries and hard state are durable, never inside this call. */
  append(
    hardState: HardState | undefined,
    entries: readonly Entry[],
    done: (error: Error | undefined) => void,
  ): void;
  /** Records that everything up to `index` is durable in the store, so that a restart may begin there. */
  saveSnapshot(mark: SnapshotMark): Promise<void>;
  /** Segments that hold only entries below `index` may go. */
  releaseBelow(index: number): void;
  close(): Promise<void>;
}

export interface SnapshotMark {
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
}

/** Peers. Messages may be lost, doubled and reordered; sending never blocks. */
export interface TransportPort {
  send(message: Message): void;
}

/** One line for operators. Ids in fields are hex strings. */
export interface ReportPort {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface MemberPorts {
  readonly clock: ClockPort;
  readonly scheduler: SchedulerPort;
  readonly log: LogPort;
  readonly transport: TransportPort;
  readonly report: ReportPort;
  /** Uniform integer in [0, bound). */
  readonly random: (bound: number) => number;
  /** The member can't go on (its disk failed, an invariant broke): called once, nothing is acknowledged afterwards. */
  readonly onFatal: (error: Error) => void;
}
