/** A stream of renewals of many leases. */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { setTimeout as sleep } from "node:timers/promises";
import { H2Connection } from "./h2-connection.js";
import { MessageSplitter } from "./message-splitter.js";
import { leaseKeepAlive, paths } from "./messages.js";

/** What is on its way has to fit a stream's first window. */
const inFlightMax = 1_000;
const everyMs = 50;
const answerTimeoutMs = 60_000;

/** Leases with numbers from `first` on. */
export interface KeptLeases {
  readonly first: number;
  readonly leases: number;
  readonly perSecond: number;
}

export class LeaseKeeper {
  readonly #splitter = new MessageSplitter((message) => this.#receive(message));
  #connection: H2Connection | undefined;
  #stream: number | undefined;
  #awaited = 0;
  #answered: () => void = () => undefined;
  #failure: Error | undefined;
  #keeping: Promise<void> = Promise.resolve();
  #stopping = false;
  #slowestMs = 0;

  static async open(port: number): Promise<LeaseKeeper> {
    const keeper = new LeaseKeeper();
    const connection = await H2Connection.open(port, paths.leaseKeepAlive, {
      onData: (_, bytes) => keeper.#splitter.read(bytes),
      onEnd: () => keeper.#fail(new Error("the server ended the stream of renewals")),
    });
    connection.onFailure((error) => keeper.#fail(error));
    keeper.#connection = connection;
    return keeper;
  }

  /** The longest that a batch of renewals took. */
  get slowestMs(): number {
    return this.#slowestMs;
  }

  /** @throws Error when one of the leases is gone, or the stream breaks. */
  async renew(ids: readonly number[]): Promise<void> {
    for (let offset = 0; offset < ids.length; offset += inFlightMax) {
      await this.#renewBatch(ids.slice(offset, offset + inFlightMax));
    }
  }

  /** Renews one after another, around and around, until `stop`. */
  keepAlive(kept: KeptLeases): void {
    this.#keeping = this.#keep(kept);
    // Told by `stop`.
    this.#keeping.catch(() => undefined);
  }

  /** @throws Error when keeping the leases alive has failed. */
  async stop(): Promise<void> {
    this.#stopping = true;
    try {
      await this.#keeping;
    } finally {
      this.#connection?.close();
    }
  }

  async #keep({ first, leases, perSecond }: KeptLeases): Promise<void> {
    const perBatch = Math.ceil((perSecond * everyMs) / 1_000);
    for (let next = 0; !this.#stopping; next = (next + perBatch) % leases) {
      const beganMs = performance.now();
      await this.renew(Array.from({ length: perBatch }, (_, offset) => first + ((next + offset) % leases)));
      const tookMs = performance.now() - beganMs;
      this.#slowestMs = Math.max(this.#slowestMs, tookMs);
      await sleep(Math.max(0, everyMs - tookMs));
    }
  }

  async #renewBatch(ids: readonly number[]): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) throw new Error("the stream is not open");
    this.#awaited = ids.length;
    for (const id of ids) {
      const message = leaseKeepAlive(id);
      if (this.#stream === undefined) this.#stream = connection.call(message, { open: true });
      else connection.send(this.#stream, message);
    }
    connection.flush();
    const timer = setTimeout(() => this.#fail(new Error("renewals are not answered")), answerTimeoutMs);
    await new Promise<void>((resolve) => {
      this.#answered = resolve;
      if (this.#failure !== undefined) resolve();
    });
    clearTimeout(timer);
    if (this.#failure !== undefined) throw this.#failure;
  }

  #receive(message: Uint8Array): void {
    const { id, ttlSeconds } = parseRenewal(message);
    if (ttlSeconds <= 0) this.#fail(new Error(`lease ${id} is gone`));
    this.#awaited--;
    if (this.#awaited === 0) this.#answered();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#answered();
  }
}

/** LeaseKeepAliveResponse: the id is field 2, the time left field 3. */
function parseRenewal(message: Uint8Array): { readonly id: number; readonly ttlSeconds: number } {
  const reader = new BinaryReader(message);
  let id = 0;
  let ttlSeconds = 0;
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 2 && type === WireType.Varint) id = Number(reader.int64());
    else if (field === 3 && type === WireType.Varint) ttlSeconds = Number(reader.int64());
    else reader.skip(type);
  }
  return { id, ttlSeconds };
}
