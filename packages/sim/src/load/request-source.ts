/**
 * What a client asks next: a random mixture over few keys, so that clients meet. The same seed gives the same choices as long
 * as what was seen is the same.
 */
import type { Prng } from "@quorate/std";
import type { Compare, KeyAndValue, KvRequest, KvResult, StoredKey } from "../history/operation.js";

/** Of 100 requests. */
const SHARES = [
  ["put", 34],
  ["put-many", 6],
  ["cas", 18],
  ["delete", 6],
  ["get", 30],
  ["range", 6],
] as const;

/** Of gets and ranges. */
const SERIALIZABLE_SHARE = 0.2;

/** Keys of one group are written together and read together. */
export const GROUP_KEYS = 4;

/** What the clients of a load have seen last of each key: what a compare guesses with. */
export type SeenKeys = Map<string, StoredKey>;

export class RequestSource {
  readonly #prng: Prng;
  readonly #client: number;
  readonly #prefix: string;
  readonly #keys: number;
  readonly #seen: SeenKeys;
  #valueCount = 0;

  /** @param seen shared by the clients of a load, so that compares hold often enough. */
  constructor(prng: Prng, client: number, load: { prefix: string; keys: number; seen: SeenKeys }) {
    this.#prng = prng;
    this.#client = client;
    this.#prefix = load.prefix;
    this.#keys = load.keys;
    this.#seen = load.seen;
  }

  next(): KvRequest {
    const prng = this.#prng;
    switch (this.#kind()) {
      case "put":
        return { kind: "put", key: this.#key(), value: this.#value() };
      case "put-many":
        return { kind: "put-many", pairs: this.#pairs() };
      case "cas":
        return this.#cas();
      case "delete":
        return { kind: "delete", key: this.#key() };
      case "get":
        return { kind: "get", key: this.#key(), serializable: prng.chance(SERIALIZABLE_SHARE) };
      case "range":
        return { kind: "range", prefix: this.#group(), serializable: prng.chance(SERIALIZABLE_SHARE) };
    }
  }

  /** Keeps what an answer shows, for later compares. */
  learn(request: KvRequest, { revision, kvs }: KvResult): void {
    for (const kv of kvs ?? []) this.#seen.set(kv.key, kv);
    if (request.kind !== "put" && request.kind !== "cas") return;
    if (kvs !== undefined) return;
    // Only the modification is known for sure, and the guess at the rest is wrong often enough to be of use.
    const { key, value } = request;
    const before = this.#seen.get(key);
    const version = (before?.version ?? 0) + 1;
    const createRevision = before?.createRevision ?? revision;
    this.#seen.set(key, { key, value, createRevision, modRevision: revision, version });
  }

  #kind(): KvRequest["kind"] {
    let dice = this.#prng.below(100);
    for (const [kind, share] of SHARES) {
      dice -= share;
      if (dice < 0) return kind;
    }
    return "get";
  }

  #cas(): KvRequest {
    const key = this.#key();
    return { kind: "cas", key, compare: this.#compare(key), value: this.#value() };
  }

  #compare(key: string): Compare {
    const seen = this.#seen.get(key);
    if (seen === undefined || this.#prng.chance(0.1)) return { target: "create", number: 0 };
    switch (this.#prng.below(4)) {
      case 0:
        return { target: "version", number: seen.version };
      case 1:
        return { target: "value", value: seen.value };
      case 2:
        return { target: "create", number: seen.createRevision };
      default:
        return { target: "mod", number: seen.modRevision };
    }
  }

  #pairs(): KeyAndValue[] {
    const group = this.#group();
    return Array.from({ length: GROUP_KEYS }, (_, index) => ({
      key: `${group}${index}`,
      value: this.#value(),
    }));
  }

  /** One of the keys, also a group's now and then. */
  #key(): string {
    if (this.#prng.chance(0.1)) return `${this.#group()}${this.#prng.below(GROUP_KEYS)}`;
    return `${this.#prefix}k${this.#prng.below(this.#keys)}`;
  }

  #group(): string {
    return `${this.#prefix}g${this.#prng.below(3)}/`;
  }

  #value(): string {
    this.#valueCount += 1;
    return `${this.#client}.${this.#valueCount}`;
  }
}
