/** The Watch service over a real store and hub, behind a real server, with another implementation's client. */
import { Client, credentials, Metadata, type ClientDuplexStream, type StatusObject } from "@grpc/grpc-js";
import { MemoryEngine, Store, WatchHub, type StoreOptions } from "@quorate/machine";
import { create, etcdserverpb as pb, fromBinary, mvccpb, toBinary } from "@quorate/proto";
import { createGrpcServer, listenClientPort, type ClientPort, type GrpcServer } from "@quorate/rpc";
import { systemScheduler } from "../../../node/system-ports.js";
import { Guard } from "../../guard.js";
import { LeaderWatch } from "../../lease/leader-watch.js";
import { bytes, text } from "../../testing/kv-client.js";
import { WatchService, type WatchServiceOptions } from "../watch-service.js";

export const MEMBER = { clusterId: 0xcdf8_181e_3bd9_fd9fn, memberId: 0x8e9e_05c5_2164_694dn };

/** `put k=v@5<old@4`, `del k@6`; long values are cut. */
export function describe({ type, kv, prevKv }: mvccpb.Event): string {
  const before = prevKv === undefined ? "" : `<${short(prevKv.value)}@${prevKv.modRevision}`;
  if (type === mvccpb.Event_EventType.DELETE) return `del ${short(kv?.key)}@${kv?.modRevision}${before}`;
  return `put ${short(kv?.key)}=${short(kv?.value)}@${kv?.modRevision}${before}`;
}

const short = (value: Uint8Array | undefined): string => text((value ?? new Uint8Array(0)).subarray(0, 40));

/** One watch stream of a client. */
export class ClientStream {
  readonly responses: pb.WatchResponse[] = [];
  readonly sizes: number[] = [];
  status: { readonly code: number; readonly details: string } | undefined;
  readonly #stream: ClientDuplexStream<Uint8Array, Uint8Array>;
  #onChange: () => void = () => undefined;
  #seen = 0;

  constructor(stream: ClientDuplexStream<Uint8Array, Uint8Array>) {
    this.#stream = stream;
    stream.on("data", (message: Uint8Array) => {
      this.sizes.push(message.length);
      this.responses.push(fromBinary(pb.WatchResponseSchema, message));
      this.#onChange();
    });
    stream.on("error", () => undefined);
    stream.on("status", ({ code, details }: StatusObject) => {
      this.status = { code, details };
      this.#onChange();
    });
  }

  create(request: CreateRequest): void {
    const { key = "", rangeEnd = "", ...rest } = request;
    this.send({
      case: "createRequest",
      value: create(pb.WatchCreateRequestSchema, { ...rest, key: bytes(key), rangeEnd: bytes(rangeEnd) }),
    });
  }

  cancelWatch(watchId: bigint): void {
    this.send({ case: "cancelRequest", value: create(pb.WatchCancelRequestSchema, { watchId }) });
  }

  progress(): void {
    this.send({ case: "progressRequest", value: create(pb.WatchProgressRequestSchema) });
  }

  send(requestUnion: pb.WatchRequest["requestUnion"]): void {
    this.sendRaw(toBinary(pb.WatchRequestSchema, create(pb.WatchRequestSchema, { requestUnion })));
  }

  sendRaw(message: Uint8Array): void {
    this.#stream.write(message);
  }

  halfClose(): void {
    this.#stream.end();
  }

  cancel(): void {
    this.#stream.cancel();
  }

  /** Stops taking messages, and goes on. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** The next response that was not asked for yet. */
  async next(): Promise<pb.WatchResponse> {
    await this.until(() => this.responses.length > this.#seen);
    return this.responses[this.#seen++] as pb.WatchResponse;
  }

  /** Resolves when `holds`; rejects when the stream ends before. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (holds()) resolve();
        else if (this.status !== undefined) reject(new Error(`stream ended: ${this.status.details}`));
      };
      this.#onChange = look;
      look();
    });
  }

  /** Resolves with the status that the stream ends with. */
  ended(): Promise<{ readonly code: number; readonly details: string }> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.status !== undefined) resolve(this.status);
      };
      this.#onChange = look;
      look();
    });
  }

  /** Events of one watcher so far. */
  eventsOf(watchId: bigint): string[] {
    return this.responses
      .filter((each) => each.watchId === watchId)
      .flatMap(({ events }) => events.map(describe));
  }
}

export interface CreateRequest {
  readonly key?: string;
  readonly rangeEnd?: string;
  readonly startRevision?: bigint;
  readonly watchId?: bigint;
  readonly filters?: pb.WatchCreateRequest_FilterType[];
  readonly prevKv?: boolean;
  readonly fragment?: boolean;
  readonly progressNotify?: boolean;
}

export class WatchBench {
  readonly store: Store;
  readonly hub: WatchHub;
  readonly service: WatchService;
  readonly member: { leaderId: bigint; isLearner: boolean };
  readonly #server: GrpcServer;
  readonly #port: ClientPort;
  readonly #leaders: LeaderWatch;
  readonly #clients: Client[] = [];

  private constructor(parts: Pick<WatchBench, "store" | "hub" | "service" | "member"> & Hidden) {
    this.store = parts.store;
    this.hub = parts.hub;
    this.service = parts.service;
    this.member = parts.member;
    this.#server = parts.server;
    this.#port = parts.port;
    this.#leaders = parts.leaders;
  }

  static async start(
    options: Partial<WatchServiceOptions> & { readonly electionTimeoutMs?: number } = {},
  ): Promise<WatchBench> {
    let hub: WatchHub | undefined = undefined as WatchHub | undefined;
    const onCommit: StoreOptions["onCommit"] = (...args) => hub?.onCommit(...args);
    const store = await Store.open(new MemoryEngine(), { yieldTurn: systemScheduler.yieldTurn, onCommit });
    const errors: unknown[] = [];
    hub = new WatchHub({
      store,
      scheduler: systemScheduler,
      nowMs: () => performance.now(),
      onError: (error) => errors.push(error),
    });
    const member = { ...MEMBER, raftTerm: 3, leaderId: MEMBER.memberId, isLearner: false, store };
    const leaders = new LeaderWatch({
      member,
      scheduler: systemScheduler,
      electionTimeoutMs: options.electionTimeoutMs ?? 1000,
    });
    const service = new WatchService({
      member,
      hub,
      leaders,
      scheduler: systemScheduler,
      requestBytesMax: 1.5 * 1024 * 1024,
      ...options,
    });
    const server = createGrpcServer();
    const guard = new Guard(member, leaders);
    const methods = Object.entries(service.methods()).map(
      ([name, method]) => [name, guard.protect(method)] as const,
    );
    server.addService("etcdserverpb.Watch", Object.fromEntries(methods));
    const port = await listenClientPort(server, { host: "127.0.0.1", port: 0 });
    return new WatchBench({ store, hub, service, member, server, port, leaders });
  }

  /** A stream on a connection of its own. */
  stream(
    metadata: Readonly<Record<string, string>> = {},
    options: Record<string, number> = {},
  ): ClientStream {
    const client = new Client(`127.0.0.1:${this.#port.port}`, credentials.createInsecure(), {
      "grpc.max_receive_message_length": -1,
      ...options,
    });
    this.#clients.push(client);
    const sent = new Metadata();
    for (const [name, value] of Object.entries(metadata)) sent.set(name, value);
    const same = (message: Uint8Array): Uint8Array => message;
    return new ClientStream(
      client.makeBidiStreamRequest(
        "/etcdserverpb.Watch/Watch",
        (message: Uint8Array) => Buffer.from(message),
        same,
        sent,
      ),
    );
  }

  /** One transaction of `+key=value` and `-key`, separated by spaces. @returns R. */
  apply(changes: string): number {
    const { store } = this;
    store.begin(store.consistentIndex + 1, 1);
    for (const change of changes.split(" ")) {
      const [key = "", value = ""] = change.slice(1).split("=");
      const [k, v] = [bytes(key), bytes(value)];
      if (change.startsWith("+")) store.put(k, 0, k.length, v, 0, v.length, 0n);
      else store.delete(k, 0, k.length);
    }
    return store.end();
  }

  async compact(revision: number): Promise<void> {
    const { store } = this;
    store.begin(store.consistentIndex + 1, 1);
    store.compact(revision);
    store.end();
    await store.flushPending();
    while (store.compactStep(1000)) await store.flushPending();
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    this.hub.close();
    this.#leaders.stop();
    this.#server.close();
    await this.#port.close();
  }
}

interface Hidden {
  readonly server: GrpcServer;
  readonly port: ClientPort;
  readonly leaders: LeaderWatch;
}
