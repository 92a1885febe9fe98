/**
 * Changes of the configuration that were asked for here: on their way into the log, and those whose answer is due.
 *
 * A change that raft drops for want of a leader is proposed again on the next turns. The one who asked hears once raft has
 * moved past the applied change: raft takes one change at a time, and an answer before that would invite a next one that
 * becomes an empty entry. A change that was lost on the way, or became such an empty entry, ends with the request timeout.
 */
import type { MembershipRefusal } from "@quorate/machine";
import { ConfChangeType, type ConfChange, type RawNode } from "@quorate/raft";
import { getTextEncoding } from "@bufbuild/protobuf/wire";
import type { MemberFailure } from "../api/member-port.js";
import type { ConfChangeKind, ConfChangeWish } from "../cluster/ports.js";
import type { QueueLevel } from "./queue-limits.js";

export type ConfChangeAnswer = MemberFailure | MembershipRefusal | undefined;

interface Waiting {
  readonly change: ConfChange;
  readonly sinceMs: number;
  readonly answer: (answer: ConfChangeAnswer) => void;
  proposed: boolean;
}

const TYPES: Readonly<Record<ConfChangeKind, ConfChange["type"]>> = {
  "add-node": ConfChangeType.ConfChangeAddNode,
  "add-learner": ConfChangeType.ConfChangeAddLearnerNode,
  "remove-node": ConfChangeType.ConfChangeRemoveNode,
  "update-node": ConfChangeType.ConfChangeUpdateNode,
};

export class ConfChanges {
  readonly #waitingMax: number;
  readonly #waiting = new Map<bigint, Waiting>();
  #due: (() => void)[] = [];

  /** @param waitingMax changes under way at a time */
  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  levels(): readonly QueueLevel[] {
    return [{ name: "confChangesWaitingMax", held: this.#waiting.size, limit: this.#waitingMax }];
  }

  /** @param id unlike any other of any member. */
  add(id: bigint, wish: ConfChangeWish, sinceMs: number): Promise<ConfChangeAnswer> {
    if (this.#waiting.size >= this.#waitingMax) return Promise.resolve("too-many-requests");
    const context = getTextEncoding().encodeUtf8(wish.context);
    const change = { id, type: TYPES[wish.kind], nodeId: wish.nodeId, context };
    return new Promise((answer) => {
      this.#waiting.set(id, { change, sinceMs, answer, proposed: false });
    });
  }

  /** Hands to raft what it has not taken yet. */
  propose(node: RawNode): void {
    if (this.#waiting.size === 0) return;
    for (const waiting of this.#waiting.values()) {
      if (!waiting.proposed) waiting.proposed = node.proposeConfChange(waiting.change) === "accepted";
    }
  }

  /** A change has been applied here; whoever asked for it is answered by `answerDue`. */
  applied(id: bigint, answer: ConfChangeAnswer): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    this.#due.push(() => waiting.answer(answer));
  }

  /** Raft has moved past what was applied so far. */
  answerDue(): void {
    if (this.#due.length === 0) return;
    const due = this.#due;
    this.#due = [];
    for (const answer of due) answer();
  }

  expire(beforeMs: number, failure: (sinceMs: number) => MemberFailure): void {
    for (const [id, waiting] of this.#waiting) {
      if (waiting.sinceMs >= beforeMs) break;
      this.#waiting.delete(id);
      waiting.answer(failure(waiting.sinceMs));
    }
  }

  failAll(failure: MemberFailure): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { answer } of waiting) answer(failure);
    this.answerDue();
  }
}
