/** Random clients of a store that does everything right: each operation takes effect at one moment between start and end. */
import { Prng } from "@quorate/std";
import type { Compare, KvOperation, KvRequest, KvResult, StoredKey } from "../history/operation.js";
import type { StoreEvent } from "../history/watcher-log.js";
import { holds } from "../revisions/check-answers.js";

export interface PlayedStore {
  readonly operations: readonly KvOperation[];
  readonly events: readonly StoreEvent[];
  readonly baseRevision: number;
  readonly finalRevision: number;
}

export interface PlayOptions {
  readonly seed: number;
  readonly operations: number;
  readonly clients: number;
  readonly keys?: number;
  /** Share of the writes whose answer is lost; half of them take effect, some long after. */
  readonly lostShare?: number;
}

interface Draft {
  readonly client: number;
  readonly startMs: number;
  readonly effectMs: number;
  readonly endMs: number;
}

export function playStore(options: PlayOptions): PlayedStore {
  const prng = new Prng(options.seed);
  const store = new RightStore(10);
  const operations = draft(prng, options).map((times, index): KvOperation => {
    const { client, startMs, effectMs, endMs } = times;
    const request = chooseRequest(prng, index, options.keys ?? 4, store);
    const isRead = request.kind === "get" || request.kind === "range";
    const common = { id: index + 1, client, endpoint: client % 3, request, startMs };
    if (!isRead && prng.chance(options.lostShare ?? 0.1)) {
      if (prng.chance(0.5)) store.perform(request);
      return { ...common, outcome: { kind: "unknown", error: "lost" }, endMs: Math.min(endMs, effectMs) };
    }
    return { ...common, outcome: { kind: "ok", result: store.perform(request) }, endMs };
  });
  operations.sort((a, b) => a.endMs - b.endMs);
  return { operations, events: store.events, baseRevision: 10, finalRevision: store.revision };
}

/** In the order they take effect. */
function draft(prng: Prng, { operations, clients }: PlayOptions): Draft[] {
  const freeAt = new Array<number>(clients).fill(0);
  const drafts = Array.from({ length: operations }, () => {
    const client = prng.below(clients);
    const startMs = freeAt[client]! + 0.5 + prng.float();
    const effectMs = startMs + prng.float() * 5;
    const endMs = effectMs + prng.float() * 5;
    freeAt[client] = endMs;
    return { client, startMs, effectMs, endMs };
  });
  return drafts.sort((a, b) => a.effectMs - b.effectMs);
}

function chooseRequest(prng: Prng, index: number, keys: number, store: RightStore): KvRequest {
  const key = `k${prng.below(keys)}`;
  const value = `v${index}`;
  switch (prng.below(8)) {
    case 0:
    case 1:
      return { kind: "put", key, value };
    case 2:
      return {
        kind: "put-many",
        pairs: [
          { key: "k0", value: `${value}a` },
          { key: "k1", value: `${value}b` },
        ],
      };
    case 3:
      return { kind: "delete", key };
    case 4:
      return { kind: "range", prefix: "k", serializable: false };
    case 5:
      return { kind: "cas", key, compare: chooseCompare(prng, store.keys.get(key)), value };
    default:
      return { kind: "get", key, serializable: false };
  }
}

function chooseCompare(prng: Prng, key: StoredKey | undefined): Compare {
  switch (prng.below(5)) {
    case 0:
      return { target: "mod", number: key?.modRevision ?? 0 };
    case 1:
      return { target: "version", number: key?.version ?? 0 };
    case 2:
      return { target: "value", value: key?.value ?? "none" };
    case 3:
      return { target: "create", number: 0 };
    default:
      return { target: "create", number: key?.createRevision ?? 0 };
  }
}

class RightStore {
  readonly keys = new Map<string, StoredKey>();
  readonly events: StoreEvent[] = [];
  revision: number;

  constructor(revision: number) {
    this.revision = revision;
  }

  perform(request: KvRequest): KvResult {
    switch (request.kind) {
      case "put": {
        const previous = this.keys.get(request.key) ?? null;
        this.revision += 1;
        this.#put(request.key, request.value);
        return { revision: this.revision, previous };
      }
      case "put-many":
        this.revision += 1;
        for (const { key, value } of request.pairs) this.#put(key, value);
        return { revision: this.revision };
      case "delete": {
        const { key } = request;
        const previous = this.keys.get(key) ?? null;
        if (previous === null) return { revision: this.revision, deleted: 0, previous };
        this.revision += 1;
        this.keys.delete(key);
        const modRevision = this.revision;
        this.events.push({ kind: "delete", key, value: "", modRevision, createRevision: 0, version: 0 });
        return { revision: this.revision, deleted: 1, previous };
      }
      case "get":
        return { revision: this.revision, kvs: this.#read((key) => key === request.key) };
      case "range":
        return { revision: this.revision, kvs: this.#read((key) => key.startsWith(request.prefix)) };
      case "cas": {
        if (!holds(request.compare, this.keys.get(request.key))) {
          return { revision: this.revision, succeeded: false, kvs: this.#read((key) => key === request.key) };
        }
        this.revision += 1;
        this.#put(request.key, request.value);
        return { revision: this.revision, succeeded: true };
      }
    }
  }

  #read(matches: (key: string) => boolean): StoredKey[] {
    return [...this.keys.values()].filter(({ key }) => matches(key)).sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  #put(key: string, value: string): void {
    const before = this.keys.get(key);
    const stored: StoredKey = {
      key,
      value,
      createRevision: before?.createRevision ?? this.revision,
      modRevision: this.revision,
      version: (before?.version ?? 0) + 1,
    };
    this.keys.set(key, stored);
    this.events.push({ kind: "put", ...stored });
  }
}
