/**
 * What a client asks next: a random mixture over few keys, so that clients meet. The same seed gives the same choices as long
 * as what was seen is the same.
 */
import { Prng } from "@quorate/std";
import type { Compare, KeyAndValue, KvRequest, KvResult, StoredKey } from "@quorate/sim";

/** Shares of 100. */
const PUT = 34;
const PUT_MANY = 6;
const CAS = 18;
const DELETE = 6;
const GET = 24;
const SERIALIZABLE_GET = 6;

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
    let dice = this.#prng.below(100);
    if ((dice -= PUT) < 0) return { kind: "put", key: this.#key(), value: this.#value() };
    if ((dice -= PUT_MANY) < 0) return { kind: "put-many", pairs: this.#pairs() };
    if ((dice -= CAS) < 0) return this.#cas();
    if ((dice -= DELETE) < 0) return { kind: "delete", key: this.#key() };
    if ((dice -= GET) < 0) return { kind: "get", key: this.#key(), serializable: false };
    if ((dice -= SERIALIZABLE_GET) < 0) return { kind: "get", key: this.#key(), serializable: true };
    return { kind: "range", prefix: this.#group(), serializable: this.#prng.chance(0.2) };
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
