/**
 * Reads that wait for a quorum to confirm that this node still leads.
 *
 * All waiting reads stand in one queue, numbered from the beginning of the term. A heartbeat carries the number of the
 * newest one; its echo acknowledges all up to there; the number a quorum has acknowledged confirms a whole prefix at once.
 *
 *     confirmed | waiting waiting waiting |          context of the next heartbeat = confirmed + 3
 *
 * Because the number only grows within a term, and answers of older terms are dropped at the gate, a delayed or duplicated
 * echo can never confirm a read that came after it.
 * Source: Raft thesis section 6.4; upstream read_only.go (since 3.7).
 */
import type { AckedIndexer } from "../quorum/majority.js";
import { emptyBytes } from "../types/entry.js";
import type { Message } from "../types/message.js";

/** Reads that wait, either for a quorum or for the first commit of the term; one more is dropped, its sender asks again. */
export const READS_WAITING_MAX = 65_536;

const CONTEXT_BYTES = 8;

/** A read request and the commit index when it arrived: the index it may be answered with. */
export interface WaitingRead {
  readonly request: Message;
  readonly index: number;
}

export class ReadOnly implements AckedIndexer {
  readonly #acks = new Map<bigint, number>();
  #waiting: WaitingRead[] = [];
  #confirmed = 0;

  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** Number of the newest read that waits; 0 when none does. */
  get #newest(): number {
    return this.#waiting.length === 0 ? 0 : this.#confirmed + this.#waiting.length;
  }

  ackedIndex(voter: bigint): number | undefined {
    return this.#acks.get(voter);
  }

  /** @param commit the commit index now. @returns false when the queue is full. */
  add(commit: number, request: Message): boolean {
    if (this.#waiting.length >= READS_WAITING_MAX) return false;
    this.#waiting.push({ request, index: commit });
    return true;
  }

  /** What a heartbeat must carry to confirm everything that waits; empty when nothing does. */
  heartbeatContext(): Uint8Array {
    return this.#newest === 0 ? emptyBytes : encodeCount(this.#newest);
  }

  /** A node echoed `context`. What does not look like ours is ignored. */
  acknowledge(from: bigint, context: Uint8Array): void {
    if (context.length !== CONTEXT_BYTES) return;
    const count = decodeCount(context);
    if (count > this.#confirmed + this.#waiting.length) return; // never sent in this term
    if (count > (this.#acks.get(from) ?? 0)) this.#acks.set(from, count);
  }

  /** Takes the reads up to the number a quorum has acknowledged. */
  takeConfirmed(quorumCount: number): readonly WaitingRead[] {
    const count = Math.min(quorumCount, this.#confirmed + this.#waiting.length) - this.#confirmed;
    if (count <= 0) return [];
    this.#confirmed += count;
    const confirmed = this.#waiting;
    this.#waiting = confirmed.splice(count);
    return confirmed;
  }
}

/** 8 bytes, little-endian. */
function encodeCount(count: number): Uint8Array {
  const bytes = new Uint8Array(CONTEXT_BYTES);
  let rest = count;
  for (let i = 0; i < CONTEXT_BYTES; i++) {
    bytes[i] = rest % 0x100;
    rest = Math.floor(rest / 0x100);
  }
  return bytes;
}

function decodeCount(bytes: Uint8Array): number {
  let count = 0;
  for (let i = CONTEXT_BYTES - 1; i >= 0; i--) count = count * 0x100 + (bytes[i] as number);
  return count;
}
