/** A hub over a real store, and streams that remember what they were sent and take as much as tests let them. */
import { etcdserverpb, fromBinary, mvccpb } from "@quorate/proto";
import { MemoryEngine } from "../../mvcc/memory-engine.js";
import { latin1 } from "../../mvcc/testing/naive-store.js";
import { deleteText, putText } from "../../mvcc/testing/store-fixture.js";
import { Store } from "../../mvcc/store.js";
import type { StoreOptions } from "../../mvcc/store-options.js";
import { WatchHub, type WatchHubOptions } from "../watch-hub.js";
import type { WatchBody, WatchSink } from "../watch-sink.js";
import type { WatchSpec, WatchStream } from "../watch-stream.js";

export type Response =
  | {
      readonly kind: "events";
      readonly id: number;
      readonly revision: number;
      readonly events: readonly string[];
    }
  | { readonly kind: "compacted"; readonly id: number; readonly revision: number }
  | { readonly kind: "progress"; readonly id: number; readonly revision: number };

/** `put a=1@5/v1<0` of key a, value 1, revision 5, version 1, and `<` the value before, if it was told. */
export function describeEvent(event: mvccpb.Event): string {
  const { type, kv, prevKv } = event;
  const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("latin1");
  const before = prevKv === undefined ? "" : `<${text(prevKv.value)}@${String(prevKv.modRevision)}`;
  if (type === mvccpb.Event_EventType.DELETE) {
    const extra = kv?.createRevision !== 0n || kv.version !== 0n || kv.lease !== 0n || kv.value.length > 0;
    return `del ${text(kv?.key)}@${String(kv?.modRevision)}${extra ? "!" : ""}${before}`;
  }
  return `put ${text(kv?.key)}=${text(kv?.value)}@${String(kv?.modRevision)}/v${String(kv?.version)}${before}`;
}

export class TestStream implements WatchSink {
  readonly stream: WatchStream;
  responses: Response[] = [];
  /** Responses that are taken before the stream says that it takes no more. */
  room = Infinity;
  bodies: WatchBody["buffer"][] = [];
  isDown = false;
  /** Told of each response as it comes; may close the stream. */
  onResponse: (response: Response) => void = () => undefined;

  constructor(hub: WatchHub) {
    this.stream = hub.openStream(this);
  }

  watch(key: string, spec: Partial<WatchSpec> & { readonly end?: string } = {}): number {
    const created = this.stream.create({
      key: latin1(key),
      rangeEnd: latin1(spec.end ?? ""),
      startRevision: 0,
      id: { low: 0, high: 0 },
      noPut: false,
      noDelete: false,
      withPrevious: false,
      fragment: false,
      progress: false,
      ...spec,
    });
    if ("refusal" in created) throw new Error(created.refusal);
    return created.id.low;
  }

  cancel(id: number): number | undefined {
    return this.stream.cancel({ low: id, high: id < 0 ? -1 : 0 });
  }

  drain(room = Infinity): void {
    this.room = room;
    this.isDown = false;
    this.stream.drained();
  }

  /** Events of one watcher so far, in order. */
  eventsOf(id: number): string[] {
    return this.responses.flatMap((each) => (each.kind === "events" && each.id === id ? each.events : []));
  }

  sendEvents(idLow: number, _idHigh: number, body: WatchBody): boolean {
    const bytes = body.buffer.subarray(body.start, body.end);
    this.bodies.push(body.buffer);
    const { events } = fromBinary(etcdserverpb.WatchResponseSchema, bytes);
    // The bytes in front are ours to write to.
    if (!body.isShared) body.buffer.fill(0xee, 0, body.start);
    return this.#take({
      kind: "events",
      id: idLow,
      revision: body.headerRevision,
      events: events.map(describeEvent),
    });
  }

  sendCompacted(idLow: number, _idHigh: number, revision: number): boolean {
    return this.#take({ kind: "compacted", id: idLow, revision });
  }

  sendProgress(idLow: number, _idHigh: number, revision: number): boolean {
    return this.#take({ kind: "progress", id: idLow, revision });
  }

  #take(response: Response): boolean {
    if (this.isDown) throw new Error("sent to a stream that takes no more");
    this.responses.push(response);
    this.onResponse(response);
    this.room -= 1;
    this.isDown = this.room <= 0;
    return !this.isDown;
  }
}

export class HubFixture {
  store: Store;
  readonly hub: WatchHub;
  readonly errors: unknown[] = [];
  readonly #storeOptions: Partial<StoreOptions>;

  private constructor(store: Store, storeOptions: Partial<StoreOptions>, options: Partial<WatchHubOptions>) {
    this.store = store;
    this.#storeOptions = storeOptions;
    this.hub = new WatchHub({
      store,
      scheduler: { soon: (task) => void setImmediate(task) },
      nowMs: () => performance.now(),
      onError: (error) => this.errors.push(error),
      seed: 7,
      ...options,
    });
  }

  static async open(
    storeOptions: Partial<StoreOptions> = {},
    options: Partial<WatchHubOptions> = {},
  ): Promise<HubFixture> {
    let fixture: HubFixture | undefined = undefined as HubFixture | undefined;
    const listener: NonNullable<StoreOptions["onCommit"]> = (revision, slots, count) =>
      fixture?.hub.onCommit(revision, slots, count);
    const all: Partial<StoreOptions> = { ...storeOptions, onCommit: listener };
    fixture = new HubFixture(await openStore(all), all, options);
    return fixture;
  }

  stream(): TestStream {
    return new TestStream(this.hub);
  }

  /** One transaction of `+key=value` and `-key`, separated by spaces. @returns R. */
  apply(changes: string): number {
    return applyTo(this.store, changes);
  }

  /** A put of each of `count` revisions. */
  putMany(key: string, count: number): void {
    for (let i = 0; i < count; i++) this.apply(`+${key}=${String(i)}`);
  }

  /** Compacts and frees. */
  async compact(revision: number): Promise<void> {
    const { store } = this;
    store.begin(store.consistentIndex + 1, 1);
    store.compact(revision);
    store.end();
    await store.flushPending();
    while (store.compactStep(1000)) await store.flushPending();
    await store.flushPending();
  }

  /**
   * Puts a store in the place of the present one that went through `history` and was compacted at `compactRevision`.
   * @param before called in the turn in which that happens.
   */
  async replaceStore(
    history: readonly string[],
    compactRevision = 0,
    before: () => void = () => undefined,
  ): Promise<void> {
    const fresh = await openStore(this.#storeOptions, false);
    for (const changes of history) applyTo(fresh, changes);
    if (compactRevision > 0) {
      fresh.begin(fresh.consistentIndex + 1, 1);
      fresh.compact(compactRevision);
      fresh.end();
      await fresh.flushPending();
      while (fresh.compactStep(1000)) await fresh.flushPending();
    }
    await fresh.flushPending();
    const store = await reopen(fresh, this.#storeOptions);
    before();
    this.store = store;
    this.hub.storeReplaced(store);
  }

  /** Lets the hub have its turns. */
  async settle(turns = 12): Promise<void> {
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

const engines = new WeakMap<Store, MemoryEngine>();

async function openStore(options: Partial<StoreOptions>, listens = true): Promise<Store> {
  const engine = new MemoryEngine();
  const { onCommit, ...others } = options;
  const yieldTurn = (): Promise<void> => Promise.resolve();
  const store = await Store.open(engine, {
    yieldTurn,
    ...others,
    ...(listens && onCommit !== undefined ? { onCommit } : {}),
  });
  engines.set(store, engine);
  return store;
}

async function reopen(store: Store, options: Partial<StoreOptions>): Promise<Store> {
  const engine = engines.get(store) as MemoryEngine;
  return Store.open(engine, { yieldTurn: () => Promise.resolve(), ...options });
}

export function applyTo(store: Store, changes: string): number {
  store.begin(store.consistentIndex + 1, 1);
  for (const change of changes.split(" ")) {
    const [key = "", value = ""] = change.slice(1).split("=");
    if (change.startsWith("+")) putText(store, key, value, 0n);
    else deleteText(store, key);
  }
  return store.end();
}
