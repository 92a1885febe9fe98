/** The client of a cluster: all of its services and recipes behind one object. */
import type { Calls } from "./calls.js";
import { Auth } from "./auth/auth.js";
import { Cache, type CacheOptions } from "./cache/cache.js";
import { Cluster } from "./cluster/cluster.js";
import { codecOrText, type Codec, type WithCodec } from "./codec/codec.js";
import { Collection } from "./collection/collection.js";
import { BalancedCalls } from "./connection/balanced-calls.js";
import { EndpointPool } from "./connection/endpoint-pool.js";
import { checkTimeout } from "./connection/timeout.js";
import type { Election } from "./election/election.js";
import type { Key, KeyRange } from "./kv/key-range.js";
import { keyBytes } from "./kv/key-range.js";
import { Kv } from "./kv/kv.js";
import type { Leases } from "./lease/leases.js";
import type { Lock } from "./lock/lock.js";
import { Maintenance } from "./maintenance/maintenance.js";
import type { CreateDigest } from "./maintenance/read-snapshot.js";
import type { Logger } from "./logger.js";
import { Keyspace } from "./namespace/keyspace.js";
import { eventsOf, type Store } from "./session/store.js";
import { Recipes, type ElectionOptions, type LockOptions } from "./session/recipes.js";
import type { Session, SessionOptions } from "./session/session.js";
import type { StmOptions, StmOutcome } from "./stm/stm-options.js";
import type { StmTransaction } from "./stm/transaction.js";
import type { Transport } from "./transport.js";
import type { WatchOptions } from "./watch/watch-types.js";
import type { Watch } from "./watch/watch.js";
import { Watches } from "./watch/watches.js";

/** Milliseconds that a call gets with all its repetitions, unless it says otherwise. */
export const TIMEOUT_MS = 10_000;

/** Whom a client talks to, as whom, and how long. */
export interface ClientOptions {
  /** Members to talk to, as `host:port`, `http(s)://host:port` or `unix:path`; one or several separated by commas or in a list. */
  readonly endpoints: string | readonly string[];
  /** Logs in when it is first needed. A cluster without authentication takes no notice. */
  readonly user?: { readonly name: string; readonly password: string };
  /** Default 10 000. */
  readonly timeoutMs?: number;
  /** Who is told of connections, repetitions and resumptions. Default: nobody. */
  readonly logger?: Logger | undefined;
}

/** What a client needs of its runtime. */
export interface ClientPorts {
  readonly transport: Transport;
  readonly createDigest?: CreateDigest;
}

/** What one client has, whatever its namespace. */
interface Shared {
  readonly calls: BalancedCalls;
  readonly watches: Watches;
  readonly createDigest: CreateDigest | undefined;
}

/** Keys and values: `get`, `put`, ... are those of `Kv`. */
export class Client extends Kv implements AsyncDisposable {
  readonly #shared: Shared;
  readonly #keyspace: Keyspace;
  readonly #recipes: Recipes;
  /** What recipes stand on. */
  readonly #store: Store;
  readonly cluster: Cluster;
  readonly maintenance: Maintenance;
  /** Users and roles. Their permissions name whole keys, whatever the namespace. */
  readonly auth: Auth;

  /** @private Made by `createClient`; with another transport by `connectClient`. */
  constructor(shared: Shared, keyspace: Keyspace) {
    super(shared.calls, keyspace);
    this.#shared = shared;
    this.#keyspace = keyspace;
    this.#store = { calls: shared.calls, events: eventsOf(shared.watches), keyspace };
    this.#recipes = new Recipes(this.#store);
    this.cluster = new Cluster(shared.calls);
    this.maintenance = new Maintenance(shared.calls, shared.createDigest);
    this.auth = new Auth(shared.calls);
  }

  /** Calls of any method of etcd's services, balanced and authenticated: for what this SDK has no words for. */
  get calls(): Calls {
    return this.#shared.calls;
  }

  /** Leases: granted, kept alive, asked about, revoked. */
  get leases(): Leases {
    return this.#recipes.leases;
  }

  /** The same client for keys below a prefix, which its users do not see. Closing either closes both. */
  namespace(prefix: Key): Client {
    return new Client(this.#shared, this.#keyspace.below(keyBytes(prefix)));
  }

  /** Changes of a key or a range, from now on or from `startRevision`. */
  watch<V>(keys: Key | KeyRange, options: WatchOptions<V> & WithCodec<V>): Watch<V>;
  /** The same for text. */
  watch(keys: Key | KeyRange, options?: WatchOptions<string>): Watch;
  watch<V>(keys: Key | KeyRange, options: WatchOptions<V> = {}): Watch<V> {
    return this.#shared.watches.watch(this.#keyspace, keys, options);
  }

  /** Several locks and leaderships on one lease. */
  session(options: SessionOptions = {}): Promise<Session> {
    return this.#recipes.session(options);
  }

  /** Waits for a lock, which is shared with `etcdctl lock` and Go clients under the same name. */
  lock(name: Key, options: LockOptions = {}): Promise<Lock> {
    return this.#recipes.lock(name, options);
  }

  /** @returns undefined when somebody else has it. */
  tryLock(name: Key, options: LockOptions = {}): Promise<Lock | undefined> {
    return this.#recipes.tryLock(name, options);
  }

  /** An election, which is shared with `etcdctl elect` and Go clients under the same name. */
  election<V>(name: Key, options: ElectionOptions<V> & WithCodec<V>): Election<V>;
  /** The same for text. */
  election(name: Key, options?: ElectionOptions<string>): Election<string>;
  election<V>(name: Key, options: ElectionOptions<V> = {}): Election<V> {
    return this.#recipes.election(name, options);
  }

  /** Reads and writes that take effect together or are done again; see `StmOptions` for what they see of others. */
  stm<T, V>(
    body: (tx: StmTransaction<V>) => Promise<T> | T,
    options: StmOptions & WithCodec<V>,
  ): Promise<StmOutcome<T>>;
  /** The same for text. */
  stm<T>(
    body: (tx: StmTransaction<string>) => Promise<T> | T,
    options?: StmOptions & Partial<WithCodec<string>>,
  ): Promise<StmOutcome<T>>;
  stm<T, V>(
    body: (tx: StmTransaction<V>) => Promise<T> | T,
    options: StmOptions & Partial<WithCodec<V>> = {},
  ): Promise<StmOutcome<T>> {
    const { as, ...rest } = options;
    return this.#recipes.stm(codecOrText(as), body, rest);
  }

  /** A local copy of all keys below a prefix, kept up to date. */
  cache<V>(prefix: Key, options: CacheOptions & WithCodec<V>): Cache<V>;
  /** The same for text. */
  cache(prefix: Key, options?: CacheOptions & Partial<WithCodec<string>>): Cache<string>;
  cache<V>(prefix: Key, options: CacheOptions & Partial<WithCodec<V>> = {}): Cache<V> {
    const { as, ...rest } = options;
    return new Cache(this.#store, prefix, codecOrText(as), rest);
  }

  /** Values of one type below a prefix. */
  collection<V>(prefix: string, codec: Codec<V>): Collection<V> {
    return new Collection(this.#store, prefix, codec);
  }

  /** Ends all calls and watches with `ClosedError`, and all connections. Leases live on until their time is over. */
  close(): void {
    this.#shared.calls.close();
  }

  /** Closes the client. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }
}

/** A client over a transport of the caller's. @throws TypeError for endpoints or a time that are none. */
export function connectClient(options: ClientOptions, { transport, createDigest }: ClientPorts): Client {
  const { endpoints, timeoutMs = TIMEOUT_MS, user, logger } = options;
  checkTimeout(timeoutMs);
  const list = listOf(endpoints).map((each) => each.trim());
  const pool = new EndpointPool(transport, list, { logger });
  const calls = new BalancedCalls({ pool, timeoutMs, user, logger });
  return new Client({ calls, watches: new Watches(calls, logger), createDigest }, new Keyspace());
}

/** @throws TypeError when there are none, as programs without types may have it. */
export function requireOptions(options: unknown): void {
  if (typeof options !== "object" || options === null)
    throw new TypeError("a client needs options: endpoints at least");
}

/** Programs without types bring what they find, such as a variable that is not set. */
function listOf(endpoints: unknown): readonly string[] {
  const list: unknown = typeof endpoints === "string" ? endpoints.split(",") : endpoints;
  if (Array.isArray(list) && list.every((each) => typeof each === "string")) return list;
  throw new TypeError(`endpoints are texts such as "host:2379", one or several, not ${String(endpoints)}`);
}
