/** Calls to a cluster over gRPC: one connection per endpoint, the next endpoint when one is not there. */
import { Code, ConnectError } from "@connectrpc/connect";
import type { Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { create } from "@quorate/proto";
import type { DescMessage, MessageInitShape, MessageShape } from "@quorate/proto";
import type { ClusterCalls } from "./cluster-calls.js";
import type { ClusterOptions } from "./cluster-options.js";
import type { Connection } from "./clusters.js";

export function connectWithSdk({ endpoints, tls }: ClusterOptions): Connection {
  const transports = new Map<string, Transport>();
  let first = 0;
  const at = (endpoint: string): Transport => {
    let transport = transports.get(endpoint);
    if (transport === undefined) {
      transport = createGrpcTransport({ baseUrl: endpoint, nodeOptions: { ...tls } });
      transports.set(endpoint, transport);
    }
    return transport;
  };
  const pick = (): string => endpoints[first % endpoints.length] ?? "";
  const calls: ClusterCalls = {
    async unary(method, input, { endpoint, signal, timeoutMs, safety }) {
      for (let tries = 0; ; tries += 1) {
        try {
          const { message } = await at(endpoint ?? pick()).unary(
            method,
            signal,
            timeoutMs ?? 10_000,
            {},
            input,
          );
          return message;
        } catch (error) {
          const isGone = error instanceof ConnectError && error.code === Code.Unavailable;
          if (!isGone || endpoint !== undefined || safety === "write" || tries >= endpoints.length) {
            throw error instanceof ConnectError ? new ConnectError(error.rawMessage, error.code) : error;
          }
          first += 1;
        }
      }
    },
    async *serverStream(method, input, { endpoint, signal }) {
      const one = async function* () {
        yield input;
      };
      const { message } = await at(endpoint ?? pick()).stream(method, signal, undefined, {}, one());
      yield* message;
    },
    bidi<I extends DescMessage, O extends DescMessage>(
      method: Parameters<ClusterCalls["bidi"]>[0],
      { signal }: { signal?: AbortSignal | undefined },
    ) {
      const over = new AbortController();
      const queue: MessageInitShape<I>[] = [];
      let wake: (() => void) | undefined;
      const input = async function* (): AsyncGenerator<MessageInitShape<I>> {
        for (;;) {
          const next = queue.shift();
          if (next !== undefined) yield next;
          else if (over.signal.aborted) return;
          else await new Promise<void>((resolve) => (wake = resolve));
        }
      };
      const both = AbortSignal.any([over.signal, ...(signal ? [signal] : [])]);
      const opened = at(pick()).stream(method, both, undefined, {}, input() as never);
      return {
        send: (message: MessageInitShape<I>) => {
          queue.push(message);
          wake?.();
          return Promise.resolve();
        },
        end: () => undefined,
        cancel: () => {
          over.abort();
          wake?.();
        },
        async *[Symbol.asyncIterator](): AsyncGenerator<MessageShape<O>> {
          try {
            yield* (await opened).message as AsyncIterable<MessageShape<O>>;
          } catch (error) {
            first += 1;
            throw error;
          }
        },
      } as never;
    },
    backOff: (attempt) => new Promise((resolve) => setTimeout(resolve, Math.min(50 * 2 ** attempt, 2000))),
  };
  void create;
  return { calls, close: () => undefined };
}
