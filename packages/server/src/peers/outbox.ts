/**
 * Messages that wait for a connection, in two lanes. Messages with entries (MsgApp, MsgProp) can be large and can wait; heartbeats,
 * votes and answers are a few bytes each, keep a cluster calm and overtake them. Within a lane order is kept.
 *
 * Limits: a number of messages and of encoded bytes; what does not fit is refused.
 */
import { MessageType, type Message } from "@quorate/raft";

export interface OutboxLimits {
  readonly messagesMax: number;
  /** A message above it still fits into an empty outbox. */
  readonly bytesMax: number;
}

export class Outbox {
  readonly #limits: OutboxLimits;
  readonly #urgent = new Lane();
  readonly #bulk = new Lane();

  constructor(limits: OutboxLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#urgent.count + this.#bulk.count;
  }

  get bytes(): number {
    return this.#urgent.bytes + this.#bulk.bytes;
  }

  /** @param bytes of the encoded message. @returns false when it does not fit; it was not taken then. */
  push(message: Message, bytes: number): boolean {
    if (this.count >= this.#limits.messagesMax) return false;
    if (this.bytes + bytes > this.#limits.bytesMax && this.count > 0) return false;
    const bulk = message.type === MessageType.MsgApp || message.type === MessageType.MsgProp;
    (bulk ? this.#bulk : this.#urgent).push(message, bytes);
    return true;
  }

  /** Takes messages up to `bytesMax` in all, and at least one when there is any. */
  take(bytesMax: number): Message[] {
    const taken: Message[] = [];
    const left = this.#urgent.take(taken, bytesMax);
    this.#bulk.take(taken, left);
    return taken;
  }

  /** Throws all away. @returns how many there were. */
  clear(): number {
    const count = this.count;
    this.#urgent.clear();
    this.#bulk.clear();
    return count;
  }
}

/** A queue over arrays: taken from the front by a moving index, cut when all is taken. */
class Lane {
  #messages: Message[] = [];
  #sizes: number[] = [];
  #head = 0;
  bytes = 0;

  get count(): number {
    return this.#messages.length - this.#head;
  }

  push(message: Message, bytes: number): void {
    this.#messages.push(message);
    this.#sizes.push(bytes);
    this.bytes += bytes;
  }

  /** @returns what is left of `bytesMax`. */
  take(into: Message[], bytesMax: number): number {
    let left = bytesMax;
    while (this.#head < this.#messages.length) {
      const bytes = this.#sizes[this.#head]!;
      if (bytes > left && into.length > 0) break;
      into.push(this.#messages[this.#head]!);
      left -= bytes;
      this.bytes -= bytes;
      this.#head += 1;
    }
    this.#cut();
    return left;
  }

  clear(): void {
    this.#messages = [];
    this.#sizes = [];
    this.#head = 0;
    this.bytes = 0;
  }

  /** Lets go of what was taken once it is half of the arrays: amortised, each message is moved at most once. */
  #cut(): void {
    if (this.#head * 2 < this.#messages.length) return;
    this.#messages.splice(0, this.#head);
    this.#sizes.splice(0, this.#head);
    this.#head = 0;
  }
}
