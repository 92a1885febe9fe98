/** A stream in both directions whose answers a test takes one by one, or waits for. */
import type { ClientDuplexStream } from "@grpc/grpc-js";
import { create, etcdserverpb, fromBinary, toBinary } from "@quorate/proto";
import type { DescMessage, MessageInitShape, MessageShape } from "@quorate/proto";
import { pathOf } from "../../harness/wire-client.js";
import type { MethodOf, WireClient } from "../../harness/wire-client.js";

const ANSWER_MS_MAX = 60_000;

export interface Ending {
  readonly code: number;
  readonly text: string;
}

export class Talk<I extends DescMessage, O extends DescMessage> {
  /** All that was answered, in order. */
  readonly heard: MessageShape<O>[] = [];
  readonly #method: MethodOf<I, O>;
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;
  #takenCount = 0;
  #ending: Ending | undefined;
  #onChange: () => void = () => undefined;

  constructor(client: WireClient, method: MethodOf<I, O>) {
    this.#method = method;
    this.#stream = client.openBidiStream(pathOf(method));
    this.#stream.on("data", (bytes: Buffer) => {
      this.heard.push(fromBinary(method.output, bytes));
      this.#onChange();
    });
    this.#stream.on("error", () => undefined);
    this.#stream.on("status", ({ code, details }) => {
      this.#ending = { code, text: details };
      this.#onChange();
    });
  }

  get isOpen(): boolean {
    return this.#ending === undefined;
  }

  say(request: MessageInitShape<I>): void {
    const { input } = this.#method;
    this.#stream.write(Buffer.from(toBinary(input, create(input, request))));
  }

  /** The next answer that was not taken yet. @throws when the stream ends before, or nothing comes for long. */
  async next(): Promise<MessageShape<O>> {
    await this.until(() => this.heard.length > this.#takenCount);
    return this.heard[this.#takenCount++] as MessageShape<O>;
  }

  /** Says something and takes the next answer. */
  ask(request: MessageInitShape<I>): Promise<MessageShape<O>> {
    this.say(request);
    return this.next();
  }

  /** Resolves when `holds`, which is looked at after each answer. @throws as `next` does. */
  async until(holds: () => boolean): Promise<void> {
    await this.#wait(() => holds() || this.#ending !== undefined);
    if (!holds()) throw new Error(`${this.#method.name} ended: ${this.#ending?.text}`);
  }

  /** How the stream ends. */
  async ended(): Promise<Ending> {
    await this.#wait(() => this.#ending !== undefined);
    return this.#ending as Ending;
  }

  close(): void {
    this.#stream.cancel();
  }

  #wait(holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.#method.name} says nothing`)), ANSWER_MS_MAX);
      this.#onChange = () => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#onChange = () => undefined;
        resolve();
      };
      this.#onChange();
    });
  }
}

type WatchCreate = MessageInitShape<typeof etcdserverpb.WatchCreateRequestSchema>;

/** Opens a watch; the confirmation is still to be taken. */
export class WatchTalk extends Talk<
  typeof etcdserverpb.WatchRequestSchema,
  typeof etcdserverpb.WatchResponseSchema
> {
  constructor(client: WireClient) {
    super(client, etcdserverpb.Watch.method.watch);
  }

  /** @returns the confirmation, or the refusal, of a new watcher. */
  watch(value: WatchCreate): Promise<etcdserverpb.WatchResponse> {
    return this.ask({ requestUnion: { case: "createRequest", value } });
  }

  /** All events so far, as `put key=value@revision` or `delete key@revision`. */
  get told(): string[] {
    return this.heard.flatMap(({ events }) =>
      events.map(({ type, kv }) => {
        const key = Buffer.from(kv?.key ?? []).toString("latin1");
        const value = Buffer.from(kv?.value ?? []).toString("latin1");
        return type === 0 ? `put ${key}=${value}@${kv?.modRevision}` : `delete ${key}@${kv?.modRevision}`;
      }),
    );
  }
}

/** Renewals of leases. */
export class RenewalTalk extends Talk<
  typeof etcdserverpb.LeaseKeepAliveRequestSchema,
  typeof etcdserverpb.LeaseKeepAliveResponseSchema
> {
  constructor(client: WireClient) {
    super(client, etcdserverpb.Lease.method.leaseKeepAlive);
  }

  /** @returns seconds, 0 for a lease that is not there. */
  async renew(id: bigint): Promise<number> {
    return Number((await this.ask({ ID: id })).TTL);
  }
}
