/** Plays one random history to servers, with watchers beside it, and collects what is wrong. */
import { Prng } from "@quorate/std";
import { HistoryModel } from "./history-model.js";
import { StepGenerator } from "./step-generator.js";
import type { StepOptions } from "./step-generator.js";
import { describeStep } from "./watch-step.js";
import type { WatchStep } from "./watch-step.js";
import { WatchSide } from "./watch-side.js";
import type { WatchServers } from "./watch-side.js";

const FINDINGS_MAX = 10;

export interface RunOptions extends StepOptions {
  readonly seed: number;
  readonly steps: number;
}

export interface RunResult {
  readonly findings: readonly string[];
  /** What the run has covered. */
  readonly summary: string;
}

/** All of `servers` are given the same steps at the same time. */
export async function runWatches(servers: readonly WatchServers[], options: RunOptions): Promise<RunResult> {
  const history = new HistoryModel();
  const generator = new StepGenerator(new Prng(options.seed), history, options);
  const sides = servers.map((each) => new WatchSide(each, history));
  const kinds = new Map<string, number>();
  const findings = (): string[] => sides.flatMap((side) => side.findings);
  let step: WatchStep | undefined;
  let count = 0;
  try {
    for (; count < options.steps && findings().length < FINDINGS_MAX; count += 1) {
      step = generator.next();
      kinds.set(step.kind, (kinds.get(step.kind) ?? 0) + 1);
      // Before the servers know of it, so that nobody can be told of what has not happened.
      if (step.kind === "write") history.apply(step.write);
      const found = findings().length;
      const taken = step;
      const [reopened = []] = await Promise.all(sides.map((side) => side.run(taken)));
      for (const slot of reopened) generator.reopened(slot);
      for (let place = found; place < findings().length; place += 1)
        console.log(`step ${count}: ${describeStep(step)}: ${findings()[place]}`);
    }
    step = undefined;
    await Promise.all(sides.map((side) => side.settle()));
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(`step ${count}, ${step === undefined ? "the end" : describeStep(step)}: ${text}`, {
      cause: error,
    });
  } finally {
    for (const side of sides) await side.close();
  }
  return {
    findings: [...findings(), ...compareSides(sides, history)],
    summary: summarize(sides, history, kinds),
  };
}

/** The history is one judge, the servers are each other's: what both told has to be the same. */
function compareSides([first, ...others]: readonly WatchSide[], history: HistoryModel): string[] {
  if (first === undefined) return [];
  const isForgotten = (line: string): boolean => {
    const revision = Number(/^delete .*@(\d+)$/.exec(line)?.[1]);
    return history.compactions.includes(revision);
  };
  return others.flatMap((other) => {
    const mayForget = first.servers.dropsTombstones || other.servers.dropsTombstones;
    const toldOf = (told: readonly string[]): string[] =>
      mayForget ? told.filter((line) => !isForgotten(line)) : [...told];
    return first.tracks.flatMap((track, place) => {
      const twin = other.tracks[place];
      if (twin === undefined) return [`${other.servers.name} lacks watcher ${place}`];
      const [left, right] = [toldOf(track.told), toldOf(twin.told)];
      if (track.isCut || twin.isCut) return [];
      const at = left.findIndex((line, index) => line !== right[index]);
      return at < 0 && left.length === right.length
        ? []
        : [
            `watcher ${place} ${JSON.stringify(track.spec)}, event ${at}: ` +
              `${first.servers.name} told of ${left[at] ?? "nothing"}, ${other.servers.name} of ${right[at] ?? "nothing"}`,
          ];
    });
  });
}

function summarize(
  sides: readonly WatchSide[],
  { revision, compactions, doubled, events }: HistoryModel,
  kinds: ReadonlyMap<string, number>,
): string {
  const steps = [...kinds].map(([kind, count]) => `${count} ${kind}`).join(", ");
  const told = sides.map(({ servers, tracks }) => {
    const count = tracks.reduce((sum, track) => sum + track.told.length, 0);
    const cut = tracks.filter(({ isCut }) => isCut).length;
    return `${servers.name}: ${tracks.length} watchers, ${cut} of them cut, ${count} events`;
  });
  return [
    `${steps}; revision ${revision}, ${events.length} events, ${doubled.size} revisions with a key twice, ` +
      `${compactions.length} compactions`,
    ...told,
  ].join("\n");
}
