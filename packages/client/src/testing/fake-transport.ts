/** Channels that answer as a test says, without any network. */
import { create, GrpcStatus, type DescMessage, type DescMethod, type MessageInitShape } from "@quorate/proto";
import { createChannelError } from "../connection/channel-error.js";
import { onAbort } from "../session/on-abort.js";
import type { BidiStream, Channel, ChannelCallOptions, ChannelError, Transport } from "../transport.js";

export interface FakeCall {
  readonly endpoint: string;
  readonly method: string;
  readonly options: ChannelCallOptions;
}

/** What a call comes to: an answer, a failure, or nothing until it is aborted. */
export type FakeAnswer = object | ChannelError | "silence";

export class FakeTransport implements Transport {
  readonly calls: FakeCall[] = [];
  readonly closed: string[] = [];
  readonly #answer: (call: FakeCall) => FakeAnswer;
  readonly #openStream: (call: FakeCall) => BidiStream<never, unknown>;

  constructor(
    answer: (call: FakeCall) => FakeAnswer,
    openStream: (call: FakeCall) => BidiStream<never, unknown> = () => {
      throw new Error("no streams here");
    },
  ) {
    this.#answer = answer;
    this.#openStream = openStream;
  }

  connect(endpoint: string): Channel {
    const silent: ((error: Error) => void)[] = [];
    const unary = (method: DescMethod, _: unknown, options: ChannelCallOptions = {}): Promise<unknown> => {
      const call = { endpoint, method: method.name, options };
      this.calls.push(call);
      const answer = this.#answer(call);
      if (answer === "silence") {
        const { signal } = options;
        if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
        return new Promise((_resolve, reject) => {
          silent.push(reject);
          if (signal !== undefined) onAbort(signal, () => reject(signal.reason as Error));
        });
      }
      if (answer instanceof Error) return Promise.reject(answer);
      return Promise.resolve(create(method.output, answer as MessageInitShape<DescMessage>));
    };
    const channel = {
      endpoint,
      unary,
      serverStream: () => {
        throw new Error("no streams here");
      },
      bidi: (method: DescMethod, options: ChannelCallOptions = {}) => {
        const call = { endpoint, method: method.name, options };
        this.calls.push(call);
        return this.#openStream(call);
      },
      close: () => {
        this.closed.push(endpoint);
        for (const reject of silent) reject(failure(GrpcStatus.Canceled, "the channel is closed"));
      },
    };
    return channel as unknown as Channel;
  }
}

export function failure(code: number, message: string, sent = true): ChannelError {
  return createChannelError(code, message, sent);
}
