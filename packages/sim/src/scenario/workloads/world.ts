/**
 * What workloads stand on: time, members to call, and streams. The simulator has one of these, and tests of real processes have
 * another; workloads and their checkers know neither.
 */
import type { WireClient } from "../../load/key-value-wire.js";

export interface StreamEvents {
  onMessage(message: Uint8Array): void;
  /** Exactly once, unless the stream was cancelled first; code 0 for a good end. */
  onEnd(code: number, text: string): void;
}

export interface WorkloadStream {
  send(message: Uint8Array): void;
  cancel(): void;
}

/** Calls of one client to one member. */
export interface WorkloadClient extends WireClient {
  open(path: string, events: StreamEvents): WorkloadStream;
}

/** Port: a cluster as its clients see it. */
export interface WorkloadWorld {
  /** Milliseconds of one clock that all clients share. */
  readonly nowMs: number;
  /** Members are numbered from 0; there may be more as time goes by. */
  readonly endpointCount: number;
  sleep(delayMs: number): Promise<void>;
  /** @param token of a login, sent with each call. */
  connect(client: string, endpoint: number, token?: string): WorkloadClient;
}

/** What a workload's checker has to say. */
export interface WorkloadVerdict {
  /** What was broken, one sentence each with its numbers. */
  readonly violations: readonly string[];
  /** What could not be judged. */
  readonly limits: readonly string[];
}

/** Clients that do one kind of thing, and the judge of what they were told. */
export interface Workload {
  readonly name: string;
  /** Operations that were answered so far. */
  readonly operationCount: number;
  /** Nothing is under way. */
  readonly isQuiet: boolean;
  start(): void;
  /** Nothing new begins. */
  end(): void;
  /** Last reads of a cluster that is well again, and then the verdict. */
  judge(): Promise<WorkloadVerdict>;
}

/** Sentences of one checker; a broken store breaks thousands of operations in the same way. */
export const WORKLOAD_VIOLATIONS_MAX = 10;
