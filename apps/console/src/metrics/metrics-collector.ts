/**
 * Looks at the metrics of every member of a cluster at a steady pace and remembers what they say.
 *
 * A member that does not answer has no figures for that time and a reason instead; the others are not held up by it.
 */
import type { etcdserverpb } from "@quorate/proto";
import type { ClusterTls } from "../clusters/cluster-options.js";
import type { MemberDirectory } from "../clusters/member-directory.js";
import { deriveSeries } from "./derive-series.js";
import type { Scrape } from "./derive-series.js";
import { parseExposition } from "./parse-exposition.js";
import { scrapeMember } from "./scrape-member.js";
import { START_TIME, WANTED_SAMPLES } from "./series-definitions.js";
import { SeriesStore } from "./series-store.js";
import type { SeriesPoint } from "./series-store.js";

export const LOOK_EVERY_MS = 5000;

export interface CollectorOptions {
  readonly directory: MemberDirectory;
  readonly tls: ClusterTls | undefined;
}

export class MetricsCollector {
  readonly store: SeriesStore = new SeriesStore();
  readonly #directory: MemberDirectory;
  readonly #tls: ClusterTls | undefined;
  readonly #last = new Map<bigint, Scrape>();
  readonly #errors = new Map<string, string>();
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor({ directory, tls }: CollectorOptions) {
    this.#directory = directory;
    this.#tls = tls;
  }

  /** Looks now and from then on, until `stop`. */
  start(): void {
    const tick = async (): Promise<void> => {
      const begun = Date.now();
      await this.look().catch(() => undefined);
      if (this.#stopping.signal.aborted) return;
      this.#timer = setTimeout(() => void tick(), Math.max(0, begun + LOOK_EVERY_MS - Date.now()));
      this.#timer.unref();
    };
    void tick();
  }

  stop(): void {
    this.#stopping.abort();
    clearTimeout(this.#timer);
  }

  /** Why a member had no figures at the last look, by its name. */
  get errors(): ReadonlyMap<string, string> {
    return this.#errors;
  }

  /** 0 when unknown. */
  uptimeSeconds(memberId: bigint): number {
    const started = this.#last.get(memberId)?.samples.get(START_TIME)?.[0]?.value;
    return started === undefined ? 0 : Math.max(0, Date.now() / 1000 - started);
  }

  /** One look at all members. Rejects only when there is no member to look at. */
  async look(): Promise<void> {
    // The list is refreshed by whoever watches the overview too; the last one known will do when nobody answers.
    await this.#directory.refresh(this.#stopping.signal).catch((error: unknown) => {
      if (this.#directory.members.length === 0) throw error;
    });
    const members = this.#directory.members;
    this.#forgetOthers(members);
    const atMs = Date.now();
    const points = await Promise.all(members.map((member) => this.#lookAt(member, atMs)));
    if (!this.#stopping.signal.aborted) this.store.record(atMs, points.flat());
  }

  async #lookAt(member: etcdserverpb.Member, atMs: number): Promise<SeriesPoint[]> {
    const name = nameOf(member);
    const endpoint = this.#directory.endpointOf(member);
    try {
      if (endpoint === undefined) throw new Error("the member has not started yet");
      const page = await scrapeMember(endpoint, this.#tls, this.#stopping.signal);
      const scrape = { atMs, samples: parseExposition(page, WANTED_SAMPLES) };
      if (scrape.samples.size === 0)
        throw new Error("/metrics has none of the figures that the console knows");
      const points = deriveSeries(this.#last.get(member.ID), scrape);
      this.#last.set(member.ID, scrape);
      this.#errors.delete(name);
      return points.map((point) => ({ ...point, member: name }));
    } catch (error) {
      this.#last.delete(member.ID);
      this.#errors.set(name, describe(error));
      return [];
    }
  }

  #forgetOthers(members: readonly etcdserverpb.Member[]): void {
    const ids = new Set(members.map(({ ID }) => ID));
    const names = new Set(members.map(nameOf));
    for (const id of this.#last.keys()) if (!ids.has(id)) this.#last.delete(id);
    for (const name of this.#errors.keys()) if (!names.has(name)) this.#errors.delete(name);
  }
}

function nameOf({ name, ID }: etcdserverpb.Member): string {
  return name === "" ? ID.toString(16) : name;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === "AbortError" || error.name === "TimeoutError" ? "no answer in time" : error.message;
}
