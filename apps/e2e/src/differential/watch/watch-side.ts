/** One server, or cluster, in a run: its streams, and what its watchers were told over all streams they have had. */
import { sleep } from "../../harness/member.js";
import type { WireClient } from "../../harness/wire-client.js";
import type { HistoryModel } from "./history-model.js";
import { sendWrite } from "./store-writes.js";
import { SLOTS } from "./watch-step.js";
import type { WatchStep } from "./watch-step.js";
import { WatchedStream } from "./watched-stream.js";
import type { WatcherSpec } from "./watcher-judge.js";

const SETTLE_MS_MAX = 30_000;
const POLL_MS = 5;
const ASK_PROGRESS_MS = 50;

/** Servers as a run sees them. */
export interface WatchServers {
  readonly name: string;
  /** See `WatcherJudge`. */
  readonly dropsTombstones: boolean;
  /** See `WatchedStream`. */
  readonly judgesProgress: boolean;
  /** See `WatchedStream`. */
  readonly forgetsAtCancel: boolean;
  /** Whether progress is told in the end to who keeps asking; etcd may leave it out. */
  readonly promisesProgress: boolean;
  /** For the next write. */
  writer(): WireClient;
  /** Where the watchers of a slot are. */
  watched(slot: number): WireClient;
  /** Resolves when everything works again. @returns the slots whose streams are gone. */
  disrupt(): Promise<readonly number[]>;
  close(): Promise<void> | void;
}

/** What one watcher was told in all its lives. */
export interface Track {
  readonly spec: WatcherSpec;
  readonly told: string[];
  /** A compaction took something from it, or it was cancelled before it was told everything. */
  isCut: boolean;
}

export class WatchSide {
  readonly servers: WatchServers;
  readonly findings: string[] = [];
  readonly tracks: Track[] = [];
  readonly #history: HistoryModel;
  readonly #streams: (WatchedStream | undefined)[] = Array.from({ length: SLOTS });
  readonly #watching = Array.from({ length: SLOTS }, () => new Map<bigint, Track>());

  constructor(servers: WatchServers, history: HistoryModel) {
    this.servers = servers;
    this.#history = history;
  }

  /** @returns the slots that have new streams now. */
  async run(step: WatchStep): Promise<readonly number[]> {
    if (step.kind !== "reopen" && step.kind !== "disrupt") {
      await this.#carryOut(step);
      return [];
    }
    const slots = step.kind === "reopen" ? [step.slot] : await this.servers.disrupt();
    await this.#reopen(slots);
    return slots;
  }

  async #carryOut(step: Exclude<WatchStep, { kind: "reopen" | "disrupt" }>): Promise<void> {
    switch (step.kind) {
      case "write":
        await this.#write(step);
        return;
      case "watch":
        await this.#watch(step);
        return;
      case "cancel":
        await this.#cancel(step.slot, step.id);
        return;
      case "cancel-nobody":
        this.#stream(step.slot).cancelNobody(step.id);
        return;
      case "progress":
        this.#stream(step.slot).requestProgress();
        return;
      case "pause":
        this.#stream(step.slot).pause();
        return;
      case "resume":
        this.#stream(step.slot).resume();
        return;
      case "settle":
        await this.settle();
    }
  }

  /** Resolves when everybody was told everything; who does not want to be is a finding. */
  async settle(): Promise<void> {
    const deadline = performance.now() + SETTLE_MS_MAX;
    for (let slot = 0; slot < SLOTS; slot += 1) {
      const stream = this.#streams[slot];
      if (stream === undefined) continue;
      stream.resume();
      await this.#waitUntilTold(stream, deadline);
      if (this.servers.promisesProgress) await this.#waitForProgress(stream, deadline);
      if (stream.brokenBy !== undefined) this.#report(`stream ${slot} broke: ${stream.brokenBy}`);
    }
  }

  async close(): Promise<void> {
    for (let slot = 0; slot < SLOTS; slot += 1) this.#endLives(slot);
    await this.servers.close();
  }

  #report(finding: string): void {
    this.findings.push(`${this.servers.name}: ${finding}`);
  }

  #stream(slot: number): WatchedStream {
    return (this.#streams[slot] ??= new WatchedStream({
      client: this.servers.watched(slot),
      history: this.#history,
      report: (finding) => this.#report(`stream ${slot}: ${finding}`),
      dropsTombstones: this.servers.dropsTombstones,
      judgesProgress: this.servers.judgesProgress,
      forgetsAtCancel: this.servers.forgetsAtCancel,
    }));
  }

  async #write({ write }: WatchStep & { kind: "write" }): Promise<void> {
    const revision = await sendWrite(this.servers.writer(), write);
    if (revision !== this.#history.revision)
      this.#report(`revision ${revision} after a write, not ${this.#history.revision}`);
  }

  async #watch({ slot, spec, id, answer }: WatchStep & { kind: "watch" }): Promise<void> {
    const response = await this.#stream(slot).create(spec, id);
    const { canceled, cancelReason, watchId } = response;
    if ("reason" in answer) {
      if (!canceled || cancelReason !== answer.reason || watchId !== -1n || response.compactRevision !== 0n)
        this.#report(`a watch was answered with id ${watchId} and "${cancelReason}", not "${answer.reason}"`);
      return;
    }
    if (canceled || watchId !== answer.id)
      throw new Error(`${this.servers.name}: watcher ${watchId} ("${cancelReason}"), not ${answer.id}`);
    const track: Track = { spec, told: [], isCut: false };
    this.tracks.push(track);
    this.#watching[slot]!.set(watchId, track);
  }

  async #cancel(slot: number, id: bigint): Promise<void> {
    const stream = this.#stream(slot);
    const judge = stream.judges.get(id);
    const track = this.#watching[slot]!.get(id);
    await stream.cancel(id);
    if (judge === undefined || track === undefined) return;
    track.told.push(...judge.told);
    track.isCut = true;
    this.#watching[slot]!.delete(id);
  }

  /** Streams end, and their watchers go on with new ones, as clients do it. */
  async #reopen(slots: readonly number[]): Promise<void> {
    for (const slot of slots) {
      const resumed = this.#endLives(slot);
      // One that was given id 0 has to come first to be given it again.
      for (const { id, spec } of resumed.sort((left) => (left.id === 0n ? -1 : 1))) {
        const { watchId } = await this.#stream(slot).create(spec, id);
        if (watchId !== id) throw new Error(`${this.servers.name}: watcher ${id} came back as ${watchId}`);
      }
    }
  }

  /** @returns the watchers of the slot, with what each of them needs next. */
  #endLives(slot: number): { readonly id: bigint; readonly spec: WatcherSpec }[] {
    const stream = this.#streams[slot];
    stream?.close();
    this.#streams[slot] = undefined;
    return [...this.#watching[slot]!].flatMap(([id, track]) => {
      const judge = stream?.judges.get(id);
      if (judge === undefined) return [];
      track.told.push(...judge.told);
      if (judge.ending === "compacted") track.isCut = true;
      return [{ id, spec: { ...track.spec, start: judge.resumeRevision } }];
    });
  }

  async #waitUntilTold(stream: WatchedStream, deadline: number): Promise<void> {
    const late = (): string | undefined => {
      for (const [id, judge] of stream.judges) {
        const missing = judge.missing();
        if (missing !== undefined)
          return `watcher ${id} ${JSON.stringify(judge.spec)} was never told of ${missing}`;
      }
      return undefined;
    };
    while (late() !== undefined && stream.brokenBy === undefined && performance.now() < deadline)
      await sleep(POLL_MS);
    const missing = late();
    if (missing !== undefined) this.#report(missing);
  }

  /** Progress of a stream is told if all of its watchers are in step, which they are once they ask again. */
  async #waitForProgress(stream: WatchedStream, deadline: number): Promise<void> {
    const judges = [...stream.judges.values()];
    const { revision } = this.#history;
    const isTold = judges.every(({ ending, spec }) => ending === undefined && spec.start <= revision);
    if (judges.length === 0 || !isTold) return;
    while (stream.progressRevision < revision && stream.brokenBy === undefined) {
      if (performance.now() > deadline) {
        this.#report(`progress of ${stream.progressRevision} of ${revision} was told, and no more`);
        return;
      }
      stream.requestProgress();
      await sleep(ASK_PROGRESS_MS);
    }
  }
}
