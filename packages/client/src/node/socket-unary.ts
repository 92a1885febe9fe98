/** One unary call: the promise, and what the connection tells of it, in one object. */
import { GrpcStatus, type DescMessage, type MessageShape } from "@quorate/proto";
import type { CallEnd, CallEvents, CallRequest, ClientCall, GrpcChannel } from "@quorate/rpc/client";
import { createChannelError } from "../connection/channel-error.js";
import { onAbort } from "../session/on-abort.js";
import { decode } from "./method-codec.js";

const nothing = (): void => undefined;

export class SocketUnary<O extends DescMessage> implements CallEvents {
  readonly #schema: O;
  readonly #resolve: (message: MessageShape<O>) => void;
  readonly #reject: (error: unknown) => void;
  #call: ClientCall | undefined = undefined;
  #signal: AbortSignal | undefined = undefined;
  #forget: () => void = nothing;
  #message: Uint8Array | undefined = undefined;

  constructor(schema: O, resolve: (message: MessageShape<O>) => void, reject: (error: unknown) => void) {
    this.#schema = schema;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(channel: GrpcChannel, request: CallRequest, signal: AbortSignal | undefined): void {
    const call = channel.startCall(request, this);
    this.#call = call;
    if (signal === undefined) return;
    this.#signal = signal;
    this.#forget = onAbort(signal, () => call.cancel());
  }

  onHead(): void {
    // Nothing in it concerns a call that waits for its message.
  }

  onMessage(message: Uint8Array): void {
    if (this.#message === undefined) this.#message = message;
    else this.#call?.abort(GrpcStatus.Internal, "more than one message in answer to a call that takes one");
  }

  onDrain(): void {
    // The one message was sent with the call.
  }

  onEnd({ code, message, sent }: CallEnd): void {
    this.#forget();
    const bytes = this.#message;
    if (code !== GrpcStatus.Ok) {
      const isAborted = this.#signal?.aborted === true;
      this.#reject(isAborted ? this.#signal?.reason : createChannelError(code, message, sent));
    } else if (bytes === undefined) {
      this.#reject(createChannelError(GrpcStatus.Internal, "the server answered without a message", true));
    } else {
      this.#finish(bytes);
    }
  }

  #finish(bytes: Uint8Array): void {
    let answer: MessageShape<O>;
    try {
      answer = decode(this.#schema, bytes);
    } catch (error) {
      const text = `an answer that can't be read: ${(error as Error).message}`;
      this.#reject(createChannelError(GrpcStatus.Internal, text, true));
      return;
    }
    this.#resolve(answer);
  }
}
