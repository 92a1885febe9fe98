/** A bidirectional call that tests feed, and that remembers what it was answered. */
import type { BidiCall, Method } from "@quorate/rpc";
import { FakeCall, FakeMetadata } from "../../testing/fake-calls.js";

export class FakeBidi extends FakeCall implements BidiCall {
  paused = false;
  #onMessage: (message: Uint8Array) => void = () => undefined;
  #onEnd: () => void = () => undefined;
  /** Messages that came while the call was paused. */
  readonly #held: Uint8Array[] = [];

  constructor(method: Method, metadata: Readonly<Record<string, string>> = {}) {
    super(new FakeMetadata(metadata));
    if (method.kind !== "bidi") throw new Error("not a bidirectional method");
    method.handler(this);
  }

  onMessage(listener: (message: Uint8Array) => void): void {
    this.#onMessage = listener;
  }

  onEnd(listener: () => void): void {
    this.#onEnd = listener;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    while (!this.paused && this.#held.length > 0) this.#deliver(this.#held.shift() ?? new Uint8Array(0));
  }

  /** The client sends a message, which is lent for the length of the call only. */
  receive(message: Uint8Array): void {
    if (this.paused) this.#held.push(message);
    else this.#deliver(message);
  }

  #deliver(message: Uint8Array): void {
    const lent = message.slice();
    this.#onMessage(lent);
    lent.fill(0xee);
  }

  /** The client half-closes. */
  finish(): void {
    this.#onEnd();
  }
}
