/**
 * Members of a new cluster from a registry that they share: another cluster, of etcd or Quorate, in which somebody has put their number.
 *
 *     /_etcd/registry/<token>/_config/size            decimal, above 0
 *     /_etcd/registry/<token>/members/<member id>     name=url,name=url
 *
 * Every member puts itself there and waits until there are enough; the first ones by creation count, and whoever comes later is refused.
 * Source: etcd `server/etcdserver/api/v3discovery`. Where etcd watches, this looks again and again.
 */
import type { Logger } from "../log/logger.js";
import { parseInitialCluster, UrlError } from "../config/urls.js";
import { BootstrapError } from "../bootstrap.js";

export interface RegistryRow {
  readonly key: string;
  readonly value: string;
  readonly createRevision: bigint;
}

/** The cluster that holds the registry. All reject when it does not answer. */
export interface RegistryStore {
  get(key: string): Promise<string | undefined>;
  list(prefix: string): Promise<readonly RegistryRow[]>;
  put(key: string, value: string): Promise<void>;
}

export interface RegistryOptions {
  readonly token: string;
  /** As in member lists: hexadecimal. */
  readonly memberIdText: string;
  /** `name=url,name=url` of this member. */
  readonly ownText: string;
  readonly store: RegistryStore;
  readonly logger: Logger;
  readonly pause: (ms: number) => Promise<void>;
}

/** Failures in a row after which the registry is given up: more than a day. Source: as above (`nRetries` is endless there). */
const FAILURES_MAX = 300;
/** The pause after a failure doubles up to 2^8 s. */
const PAUSE_EXPONENT_MAX = 8;
const LOOK_EVERY_MS = 500;

/** @returns peer URLs by name of all members. @throws BootstrapError */
export async function joinRegistry(options: RegistryOptions): Promise<Map<string, string[]>> {
  const registry = new Registry(options);
  await registry.look();
  await registry.register();
  for (;;) {
    const { rows, size } = await registry.look();
    if (rows.length >= size) return readMembers(rows.slice(0, size));
    await options.pause(LOOK_EVERY_MS);
  }
}

class Registry {
  readonly #options: RegistryOptions;
  readonly #prefix: string;
  #failures = 0;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#prefix = `/_etcd/registry/${options.token}`;
  }

  /** Those who are there, in the order in which they came. @throws BootstrapError when there is no place for this one. */
  look(): Promise<{ readonly rows: readonly RegistryRow[]; readonly size: number }> {
    const { store, memberIdText } = this.#options;
    return this.#retrying("cluster status check", async () => {
      const size = readSize(await store.get(`${this.#prefix}/_config/size`));
      const found = await store.list(`${this.#prefix}/members`);
      const rows = found
        .filter((row) => this.#isSound(row))
        .sort((a, b) => (a.createRevision < b.createRevision ? -1 : 1));
      const ownKey = `${this.#prefix}/members/${memberIdText}`;
      const place = rows.findIndex(({ key }) => key === ownKey);
      if (place >= size || (place < 0 && rows.length >= size))
        throw new BootstrapError("discovery: cluster is full");
      return { rows, size };
    });
  }

  async register(): Promise<void> {
    const { store, memberIdText, ownText, logger } = this.#options;
    const memberKey = `${this.#prefix}/members/${memberIdText}`;
    await this.#retrying("register member itself", () => store.put(memberKey, ownText));
    logger.info("register member itself successfully", { memberKey, memberInfo: ownText });
  }

  #isSound({ key, value }: RegistryRow): boolean {
    try {
      if (parseInitialCluster(value).size > 0) return true;
    } catch (error) {
      if (!(error instanceof UrlError)) throw error;
    }
    this.#options.logger.warn("discovery: invalid peer URL", { memberKey: key, memberInfo: value });
    return false;
  }

  async #retrying<T>(step: string, attempt: () => Promise<T>): Promise<T> {
    const { logger, pause } = this.#options;
    for (;;) {
      try {
        const result = await attempt();
        this.#failures = 0;
        return result;
      } catch (error) {
        if (error instanceof BootstrapError) throw error;
        this.#failures += 1;
        if (this.#failures > FAILURES_MAX)
          throw new BootstrapError("discovery: too many retries", { cause: error });
        const backOffMs = 1000 * 2 ** Math.min(this.#failures, PAUSE_EXPONENT_MAX);
        logger.warn("retry connecting to discovery service", {
          reason: step,
          backoff: `${backOffMs / 1000}s`,
          error,
        });
        await pause(backOffMs);
      }
    }
  }
}

function readSize(text: string | undefined): number {
  if (text === undefined) throw new BootstrapError("discovery: size key not found");
  const size = /^[+]?\d{1,9}$/.test(text) ? Number(text) : 0;
  if (size <= 0) throw new BootstrapError("discovery: size key is bad");
  return size;
}

function readMembers(rows: readonly RegistryRow[]): Map<string, string[]> {
  return parseInitialCluster(rows.map(({ value }) => value.trim()).join(","));
}
