/**
 * One Range call: waits for the read barrier when it is linearizable, then reads and replies. An interval goes through the
 * gate for reads first; it is then read at what is newest when it begins.
 */
import { decodeRange, type DeferredBody, type RangeView, isPoint, type WireReader } from "@quorate/machine";
import type { UnaryCall } from "@quorate/rpc";
import type { Permissions } from "./auth/permissions.js";
import type { CurrentReaders } from "./current-readers.js";
import type { MemberFailure, MemberPort, ReadWaiter } from "./member-port.js";
import type { GatedRead, Rest } from "./read-gate.js";
import { failCongested, type BodyHolder, type Replies } from "./replies.js";
import { failCall } from "./to-status.js";

export interface RangeCallParts {
  readonly member: MemberPort;
  readonly replies: Replies;
  readonly permissions: Permissions;
  readonly readers: CurrentReaders;
  /** Used by one call at a time, within one turn. */
  readonly wire: WireReader;
  readonly view: RangeView;
}

const NOTHING = new Uint8Array(0);

export class RangeCall implements ReadWaiter, GatedRead, BodyHolder {
  body: DeferredBody | undefined = undefined;
  readonly #call: UnaryCall;
  readonly #parts: RangeCallParts;
  /** The request, while it waits. */
  #request: Uint8Array = NOTHING;

  constructor(call: UnaryCall, parts: RangeCallParts) {
    this.#call = call;
    this.#parts = parts;
  }

  /** Waits until everything acknowledged before now is visible here, then answers. Call it in the handler. */
  wait(message: Uint8Array): void {
    this.#request = new Uint8Array(message);
    this.#listen();
    this.#parts.member.awaitReadIndex(this);
  }

  onReady(): void {
    if (this.#call.ended) return;
    const range = this.#decode();
    if (isPoint(range)) this.#replyPoint(range);
    else this.#parts.replies.gate.enter(this.#call.peer, this);
  }

  /** The first step of an interval. */
  begin(): Rest | undefined {
    if (this.#call.ended) return undefined;
    return this.#reply(this.#decode());
  }

  onFailed(failure: MemberFailure): void {
    failCall(this.#call, failure);
  }

  /** Answers from local state, without the barrier. Call it in the handler. */
  answer(range: RangeView): void {
    this.#listen();
    if (isPoint(range)) this.#replyPoint(range);
    else {
      // The range is a view of the whole request.
      this.#request = new Uint8Array(range.buffer);
      this.#parts.replies.gate.enter(this.#call.peer, this);
    }
  }

  #decode(): RangeView {
    const { wire, view } = this.#parts;
    view.reset();
    wire.reset(this.#request, 0, this.#request.length);
    decodeRange(wire, view);
    return view;
  }

  /** One record waits for nobody, even when it has to be loaded. */
  #replyPoint(range: RangeView): void {
    void this.#reply(range)?.();
  }

  /** @returns what is left to do. */
  #reply(range: RangeView): Rest | undefined {
    if (this.#call.congested) {
      failCongested(this.#call);
      return undefined;
    }
    const { replies, readers, permissions } = this.#parts;
    const refusal = permissions.checkRange(this.#call, range);
    if (refusal !== undefined) {
      failCall(this.#call, refusal);
      return undefined;
    }
    const answer = readers.ranges.read(range, replies.begin(0));
    if (answer !== undefined && typeof answer !== "string")
      return replies.sendOrDefer(this.#call, answer, this);
    if (answer === undefined) replies.send(this.#call);
    else failCall(this.#call, answer);
    return undefined;
  }

  #listen(): void {
    this.#call.onCancel(() => {
      this.#request = NOTHING;
      this.body?.release();
    });
  }
}
