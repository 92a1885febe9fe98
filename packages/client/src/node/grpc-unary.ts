/** One unary call on a channel of grpc-js: the promise, and what the library tells of it, in one object. */
import {
  status,
  type ChannelInterface,
  type InterceptingListener,
  type Metadata,
  type StatusObject,
} from "@grpc/grpc-js";
import type { DescMessage, MessageShape } from "@quorate/proto";
import { createChannelError } from "../connection/channel-error.js";
import { decodeBuffer } from "./method-codec.js";
import type { Cancellable, TrackedCall } from "./tracked-call.js";

type Call = ReturnType<ChannelInterface["createCall"]>;

interface Settle<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

export class GrpcUnary<O extends DescMessage> implements InterceptingListener, Cancellable {
  readonly #schema: O;
  readonly #call: Call;
  readonly #settle: Settle<MessageShape<O>>;
  #tracked: TrackedCall | undefined;
  #message: Buffer | undefined;

  constructor(schema: O, call: Call, settle: Settle<MessageShape<O>>) {
    this.#schema = schema;
    this.#call = call;
    this.#settle = settle;
  }

  begin(metadata: Metadata, message: Buffer, tracked: TrackedCall): void {
    this.#tracked = tracked;
    this.#call.start(metadata, this);
    this.#call.startRead();
    this.#call.sendMessageWithContext({}, message);
    this.#call.halfClose();
  }

  cancel(): void {
    this.#call.cancelWithStatus(status.CANCELLED, "the call was cancelled");
  }

  onReceiveMetadata(): void {
    // Nothing in it concerns a call that waits for its message.
  }

  onReceiveMessage(message: Buffer | null): void {
    if (message !== null) this.#message = message;
  }

  onReceiveStatus(end: StatusObject): void {
    this.#tracked?.release();
    if (end.code !== status.OK) {
      this.#settle.reject(this.#tracked?.failureOf(end));
    } else if (this.#message === undefined) {
      this.#settle.reject(createChannelError(status.INTERNAL, "the server answered without a message", true));
    } else {
      this.#finish(this.#message);
    }
  }

  #finish(bytes: Buffer): void {
    let answer: MessageShape<O>;
    try {
      answer = decodeBuffer(this.#schema, bytes);
    } catch (error) {
      const text = `an answer that can't be read: ${(error as Error).message}`;
      this.#settle.reject(createChannelError(status.INTERNAL, text, true));
      return;
    }
    this.#settle.resolve(answer);
  }
}
