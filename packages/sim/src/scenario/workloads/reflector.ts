/**
 * A copy of the objects, kept as Kubernetes keeps its caches: a list, page by page at one revision, then a watch from there. A watch
 * that breaks goes on behind what is known; when that is compacted, the reflector begins again with a list.
 */
import {
  create,
  etcdserverpb,
  findErrorByMessage,
  fromBinary,
  toBinary,
  type MessageInitShape,
} from "@quorate/proto";
import type { Prng } from "@quorate/std";
import type { StoredKey } from "../../history/operation.js";
import { prefixEnd, toBytes, toStoredKey, toStoreEvent } from "../../load/key-value-wire.js";
import { CALL_MS_MAX } from "./crew.js";
import type { ReflectorLog, ReflectorRecord } from "./reflector-log.js";
import type { WorkloadStream, WorkloadWorld } from "./world.js";

const WATCH_PATH = "/etcdserverpb.Watch/Watch";
const PAGE_KEYS = 4n;
const LOOK_MS = 200;
const SILENCE_MS_MAX = 3000;
const REST_MS = 100;
/** A stream is cut now and then by its own client. */
const CUT_CHANCE = 0.02;
const RECORDS_MAX = 200_000;

export interface ReflectorOptions {
  readonly name: string;
  readonly prefix: string;
  readonly endpoint: number;
  readonly prng: Prng;
}

export class Reflector {
  readonly #world: WorkloadWorld;
  readonly #options: ReflectorOptions;
  readonly #records: ReflectorRecord[] = [];
  #endpoint: number;
  #reachedRevision = 0;
  #isOver = false;
  relistCount = 0;

  constructor(world: WorkloadWorld, options: ReflectorOptions) {
    this.#world = world;
    this.#options = options;
    this.#endpoint = options.endpoint;
  }

  /** Everything up to here is in the copy. */
  get reachedRevision(): number {
    return this.#reachedRevision;
  }

  toLog(): ReflectorLog {
    return { name: this.#options.name, records: this.#records };
  }

  stop(): void {
    this.#isOver = true;
  }

  /** Keeps the copy until `stop`. */
  async run(): Promise<void> {
    let hasList = false;
    while (!this.#isOver && this.#records.length < RECORDS_MAX) {
      if (!hasList) hasList = await this.#list();
      else hasList = await this.#watch();
      if (this.#isOver) return;
      this.#endpoint = (this.#endpoint + 1) % this.#world.endpointCount;
      await this.#world.sleep(REST_MS);
    }
  }

  /** @returns whether all pages came. */
  async #list(): Promise<boolean> {
    const { name, prefix, prng } = this.#options;
    const client = this.#world.connect(name, this.#endpoint);
    const items: StoredKey[] = [];
    let key = toBytes(prefix);
    let revision = 0n;
    for (;;) {
      const request = { key, rangeEnd: prefixEnd(prefix), limit: PAGE_KEYS, revision };
      const answer = await client.call(etcdserverpb.KV.method.range, request, CALL_MS_MAX);
      if (!answer.ok) return false;
      const { kvs, more, header } = answer.message;
      for (const kv of kvs) items.push(toStoredKey(kv));
      if (revision === 0n) revision = header?.revision ?? 0n;
      const last = kvs.at(-1);
      if (!more || last === undefined) break;
      key = new Uint8Array([...last.key, 0]);
      if (prng.chance(0.2)) await this.#world.sleep(prng.float() * 200);
    }
    this.relistCount += 1;
    this.#reachedRevision = Number(revision);
    this.#records.push({ kind: "listed", revision: this.#reachedRevision, items });
    return true;
  }

  /** Until the stream ends, for whatever reason. @returns false when what is known is compacted. */
  async #watch(): Promise<boolean> {
    const { name, prefix, prng } = this.#options;
    const startRevision = this.#reachedRevision + 1;
    this.#records.push({ kind: "watching", startRevision });
    const state = { isOpen: true, isCompacted: false, heardMs: this.#world.nowMs };
    const stream = this.#world.connect(name, this.#endpoint).open(WATCH_PATH, {
      onMessage: (bytes) => {
        if (!state.isOpen) return;
        state.heardMs = this.#world.nowMs;
        const response = fromBinary(etcdserverpb.WatchResponseSchema, bytes);
        if (response.canceled) {
          state.isOpen = false;
          state.isCompacted = response.compactRevision > 0n || isCompacted(response.cancelReason);
        } else this.#hear(response);
      },
      onEnd: () => (state.isOpen = false),
    });
    const range = { key: toBytes(prefix), rangeEnd: prefixEnd(prefix) };
    const value = { ...range, startRevision: BigInt(startRevision), fragment: true };
    send(stream, { requestUnion: { case: "createRequest", value } });
    while (state.isOpen && !this.#isOver) {
      await this.#world.sleep(LOOK_MS);
      if (this.#world.nowMs - state.heardMs > SILENCE_MS_MAX || prng.chance(CUT_CHANCE)) break;
      send(stream, { requestUnion: { case: "progressRequest", value: {} } });
    }
    state.isOpen = false;
    stream.cancel();
    return !state.isCompacted;
  }

  #hear({ header, created, events, fragment }: etcdserverpb.WatchResponse): void {
    if (created) return;
    if (events.length === 0) {
      const revision = Number(header?.revision ?? 0n);
      this.#records.push({ kind: "bookmark", revision });
      this.#reachedRevision = Math.max(this.#reachedRevision, revision);
      return;
    }
    const told = events.map((event) => toStoreEvent(event, false));
    this.#records.push({ kind: "events", events: told, isFragment: fragment });
    const last = (told.at(-1)?.modRevision ?? 0) - (fragment ? 1 : 0);
    this.#reachedRevision = Math.max(this.#reachedRevision, last);
  }
}

function isCompacted(reason: string): boolean {
  return findErrorByMessage(reason) === "compacted";
}

function send(
  stream: WorkloadStream,
  request: MessageInitShape<typeof etcdserverpb.WatchRequestSchema>,
): void {
  stream.send(toBinary(etcdserverpb.WatchRequestSchema, create(etcdserverpb.WatchRequestSchema, request)));
}
