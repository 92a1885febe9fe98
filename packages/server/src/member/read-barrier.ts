/**
 * Read barrier: lets a linearizable read run on any member without writing to the log.
 *
 * Many waiting readers share one read-index round. A reader is released once the local applied index has reached the index
 * that the leader confirmed with a quorum; by then every write acknowledged before the read began is visible here.
 *
 * Invariant: a reader that arrives during a round waits for the next one; the running round may predate it.
 * Limits: `readersWaitingMax`; readers beyond it are refused with too-many-requests. A round is asked again, with a new
 * id, every `RETRY_INTERVAL_MS`; after the request timeout its readers fail with timeout.
 * Source: Raft thesis section 6.4; etcd `server/etcdserver/read`. Not here: serializable reads, which skip the barrier.
 */
import type { MemberFailure, ReadWaiter } from "../api/member-port.js";
import type { QueueLevel } from "./queue-limits.js";

export const RETRY_INTERVAL_MS = 500;
const CONTEXT_BYTES = 8;

export interface ReadBarrierPorts {
  /** Hands a read-index request to raft; answers come through `onReadState`. */
  ask(context: Uint8Array): void;
  /** Unlike any other of any member, in this life or an earlier one: the leader tells requests apart by it. */
  nextRequestId(): bigint;
  /** Readers that may wait for the next round. */
  readonly readersWaitingMax: number;
}

interface Round {
  readonly readers: ReadWaiter[];
  readonly startedMs: number;
  /** Contexts asked so far; an answer to any of them counts. */
  readonly contexts: bigint[];
  askedMs: number;
  /** The index to wait for, once the leader has answered. */
  index: number | undefined;
}

export class ReadBarrier {
  #next: ReadWaiter[] = [];
  #round: Round | undefined;
  readonly #ports: ReadBarrierPorts;
  readonly #timeoutMs: number;
  /** Requests asked again because no answer came in time, and rounds given up, since the start. */
  slowCount = 0;
  failedCount = 0;

  constructor(ports: ReadBarrierPorts, timeoutMs: number) {
    this.#ports = ports;
    this.#timeoutMs = timeoutMs;
  }

  /** @returns false when too many wait. */
  join(reader: ReadWaiter): boolean {
    if (this.#next.length >= this.#ports.readersWaitingMax) return false;
    this.#next.push(reader);
    return true;
  }

  /** A round holds as many as had waited for it. */
  levels(): readonly QueueLevel[] {
    const limit = this.#ports.readersWaitingMax;
    const held = Math.max(this.#next.length, this.#round?.readers.length ?? 0);
    return [{ name: "readersWaitingMax", held, limit }];
  }

  get idle(): boolean {
    return this.#round === undefined && this.#next.length === 0;
  }

  /** Starts a round for those who wait, unless one is running. */
  start(nowMs: number): void {
    if (this.#round !== undefined || this.#next.length === 0) return;
    const readers = this.#next;
    this.#next = [];
    this.#round = { readers, startedMs: nowMs, contexts: [], askedMs: nowMs, index: undefined };
    this.#request(this.#round);
  }

  #request(round: Round): void {
    const id = this.#ports.nextRequestId();
    round.contexts.push(id);
    const context = new Uint8Array(CONTEXT_BYTES);
    new DataView(context.buffer).setBigUint64(0, id);
    this.#ports.ask(context);
  }

  /** Asks again, or gives the round up; called on each tick. */
  tick(nowMs: number): void {
    const round = this.#round;
    if (round === undefined || round.index !== undefined) return;
    if (nowMs - round.startedMs >= this.#timeoutMs) return this.#fail("timeout");
    if (nowMs - round.askedMs < RETRY_INTERVAL_MS) return;
    round.askedMs = nowMs;
    this.slowCount += 1;
    this.#request(round);
  }

  /** A new term has committed its first entry: requests that the leader parked before are asked again at once. */
  retry(nowMs: number): void {
    const round = this.#round;
    if (round === undefined || round.index !== undefined) return;
    round.askedMs = nowMs;
    this.#request(round);
  }

  /** Raft's answer to some request; those of other rounds are ignored. */
  onReadState(context: Uint8Array, index: number): void {
    const round = this.#round;
    if (round === undefined || round.index !== undefined || context.length !== CONTEXT_BYTES) return;
    const asked = new DataView(context.buffer, context.byteOffset, CONTEXT_BYTES).getBigUint64(0);
    if (round.contexts.includes(asked)) round.index = index;
  }

  /** Releases the round whose index has been applied. */
  onApplied(appliedIndex: number): void {
    const round = this.#round;
    if (round?.index === undefined || round.index > appliedIndex) return;
    this.#round = undefined;
    for (const reader of round.readers) reader.onReady();
  }

  /** Another leader: an answer of the old one could predate writes that the new one has acknowledged. */
  onLeaderChanged(): void {
    if (this.#round !== undefined && this.#round.index === undefined) this.#fail("leader-changed");
  }

  /** Fails everybody: the member stops. */
  failAll(failure: MemberFailure): void {
    const waiting = this.#next;
    this.#next = [];
    if (this.#round !== undefined) this.#fail(failure);
    for (const reader of waiting) reader.onFailed(failure);
  }

  #fail(failure: MemberFailure): void {
    const readers = this.#round?.readers ?? [];
    this.#round = undefined;
    this.failedCount += 1;
    for (const reader of readers) reader.onFailed(failure);
  }
}
