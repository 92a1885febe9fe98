/** One Range call: waits for the read barrier when it is linearizable, then reads and replies. */
import {
  decodeRange,
  type DeferredBody,
  type RangeReader,
  type RangeView,
  type WireReader,
} from "@quorate/machine";
import type { UnaryCall } from "@quorate/rpc";
import type { MemberFailure, MemberPort, ReadWaiter } from "./member-port.js";
import type { BodyHolder, Replies } from "./replies.js";
import { failCall } from "./to-status.js";

export interface RangeCallParts {
  readonly member: MemberPort;
  readonly replies: Replies;
  readonly reader: RangeReader;
  /** Used by one call at a time, within one turn. */
  readonly wire: WireReader;
  readonly view: RangeView;
}

const NOTHING = new Uint8Array(0);

export class RangeCall implements ReadWaiter, BodyHolder {
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
    const { wire, view } = this.#parts;
    view.reset();
    wire.reset(this.#request, 0, this.#request.length);
    decodeRange(wire, view);
    this.#reply(view);
  }

  onFailed(failure: MemberFailure): void {
    failCall(this.#call, failure);
  }

  /** Answers now, from local state. Call it in the handler. */
  answer(range: RangeView): void {
    this.#listen();
    this.#reply(range);
  }

  #reply(range: RangeView): void {
    const { replies, reader } = this.#parts;
    const answer = reader.read(range, replies.begin(0));
    if (answer === undefined) replies.send(this.#call);
    else if (typeof answer === "string") failCall(this.#call, answer);
    else replies.sendWith(this.#call, answer, this);
  }

  #listen(): void {
    this.#call.onCancel(() => {
      this.#request = NOTHING;
      this.body?.release();
    });
  }
}
