/** The ports of recipes on plain grpc-js and one endpoint after the other: what the recipes' own tests need and no more. */
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import {
  create,
  etcdserverpb,
  fromBinary,
  toBinary,
  type DescMessage,
  type DescMethod,
  type MessageInitShape,
  type MessageShape,
} from "@quorate/proto";
import type { CallOptions, Calls } from "../calls.js";
import type { KeyEventBatch, KeyEvents, KeyEventsOptions, KeyRange } from "../session/key-events.js";
import type { BidiStream } from "../transport.js";

type Method<I extends DescMessage, O extends DescMessage> = DescMethod & {
  readonly input: I;
  readonly output: O;
};

export class DirectCalls implements Calls, KeyEvents {
  readonly #closed = new AbortController();
  readonly #clients: Client[];
  #current = 0;

  constructor(...endpoints: string[]) {
    this.#clients = endpoints.map(
      (e) =>
        new Client(e, credentials.createInsecure(), {
          "grpc.use_local_subchannel_pool": 1,
          "grpc.initial_reconnect_backoff_ms": 50,
          "grpc.max_reconnect_backoff_ms": 200,
        }),
    );
  }

  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  close(): void {
    this.#closed.abort(new Error("client closed"));
    for (const c of this.#clients) c.close();
  }

  get #client(): Client {
    return this.#clients[this.#current % this.#clients.length]!;
  }

  backOff(attempt: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      this.closed.throwIfAborted();
      const t = setTimeout(resolve, Math.min(1000, 20 * 2 ** attempt));
      signal?.addEventListener(
        "abort",
        () => {
          clearTimeout(t);
          reject(signal.reason as Error);
        },
        { once: true },
      );
      this.closed.addEventListener(
        "abort",
        () => {
          clearTimeout(t);
          reject(this.closed.reason as Error);
        },
        { once: true },
      );
    });
  }

  async unary<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>,
    input: MessageInitShape<I>,
    options: CallOptions & { safety: string },
  ): Promise<MessageShape<O>> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#once(method, input, options);
      } catch (error) {
        const code = (error as { code?: number }).code;
        if (options.signal?.aborted || code !== 14 || options.safety === "write" || attempt > 50) throw error;
        this.#current += 1;
        await this.backOff(attempt, options.signal);
      }
    }
  }

  #once<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>,
    input: MessageInitShape<I>,
    options: CallOptions,
  ): Promise<MessageShape<O>> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const metadata = new Metadata();
      metadata.set("hasleader", "true");
      const call = this.#client.makeUnaryRequest(
        `/${method.parent.typeName}/${method.name}`,
        (x: Buffer) => x,
        (x: Buffer) => x,
        Buffer.from(toBinary(method.input, create(method.input, input))),
        metadata,
        { deadline: Date.now() + (options.timeoutMs ?? 10_000) },
        (error, answer) => {
          signal?.removeEventListener("abort", abort);
          if (signal?.aborted) reject(signal.reason as Error);
          else if (error) reject(Object.assign(new Error(error.details), { code: error.code }));
          else resolve(fromBinary(method.output, answer!));
        },
      );
      const abort = (): void => call.cancel();
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  serverStream(): never {
    throw new Error("none");
  }

  bidi<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>,
    options: CallOptions,
  ): BidiStream<MessageInitShape<I>, MessageShape<O>> {
    const metadata = new Metadata();
    metadata.set("hasleader", "true");
    const call = this.#client.makeBidiStreamRequest(
      `/${method.parent.typeName}/${method.name}`,
      (x: Buffer) => x,
      (x: Buffer) => x,
      metadata,
    );
    const abort = (): void => call.cancel();
    options.signal?.addEventListener("abort", abort, { once: true });
    call.on("error", () => {
      this.#current += 1;
    });
    return {
      send: (m) =>
        new Promise((resolve, reject) => {
          call.write(Buffer.from(toBinary(method.input, create(method.input, m))), (e?: Error | null) =>
            e ? reject(e) : resolve(),
          );
        }),
      end: () => call.end(),
      cancel: () => call.cancel(),
      async *[Symbol.asyncIterator]() {
        try {
          for await (const b of call) yield fromBinary(method.output, b as Buffer);
        } catch (error) {
          options.signal?.throwIfAborted();
          throw error;
        } finally {
          call.cancel();
        }
      },
    };
  }

  async *watch(range: KeyRange, options: KeyEventsOptions): AsyncGenerator<KeyEventBatch> {
    let next = options.startRevision;
    for (let attempt = 0; ; attempt += 1) {
      options.signal.throwIfAborted();
      try {
        const stream = this.bidi(etcdserverpb.Watch.method.watch, { signal: options.signal });
        await stream.send({
          requestUnion: {
            case: "createRequest",
            value: {
              key: range.key,
              ...(range.end ? { rangeEnd: range.end } : {}),
              startRevision: next,
              filters: options.deletesOnly ? [etcdserverpb.WatchCreateRequest_FilterType.NOPUT] : [],
            },
          },
        });
        for await (const r of stream) {
          if (r.compactRevision > 0n)
            throw new Error("etcdserver: mvcc: required revision has been compacted");
          if (r.created) continue;
          attempt = 0;
          next = (r.header?.revision ?? 0n) + 1n;
          yield { events: r.events, revision: r.header?.revision ?? 0n };
        }
      } catch (error) {
        options.signal.throwIfAborted();
        this.closed.throwIfAborted();
        if ((error as Error).message.includes("compacted")) throw error;
      }
      await this.backOff(attempt, options.signal);
    }
  }
}
