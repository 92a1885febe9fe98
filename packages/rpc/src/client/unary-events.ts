/** What is told of a call with one message each way, put together: the message counts when the end says OK. */
import { GrpcStatus } from "../status.js";
import type { CallEvents, ClientCall } from "./client-call.js";
import type { CallEnd } from "./response-fields.js";

/** `message` is there exactly when `end.code` is OK. */
export type UnaryListener = (end: CallEnd, message: Uint8Array | undefined) => void;

export class UnaryEvents implements CallEvents {
  /** Set by whoever makes the call. */
  call: ClientCall | undefined = undefined;
  readonly #listener: UnaryListener;
  #message: Uint8Array | undefined = undefined;

  constructor(listener: UnaryListener) {
    this.#listener = listener;
  }

  onHead(): void {
    // Nothing in it concerns a call that waits for its message.
  }

  onMessage(message: Uint8Array): void {
    if (this.#message === undefined) this.#message = message;
    else this.call?.abort(GrpcStatus.internal, "more than one message in answer to a call that takes one");
  }

  onDrain(): void {
    // The one message was sent with the call.
  }

  onEnd(end: CallEnd): void {
    const message = this.#message;
    if (end.code !== GrpcStatus.ok) this.#listener(end, undefined);
    else if (message !== undefined) this.#listener(end, message);
    else {
      const { metadata, sent } = end;
      this.#listener(
        { code: GrpcStatus.internal, message: "the server answered without a message", metadata, sent },
        undefined,
      );
    }
  }
}
