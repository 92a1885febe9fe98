/** Stable text of configurations and progress. Source: upstream tracker/tracker.go, tracker/progress.go. */
import { describeJoint, describeMajority } from "../quorum/describe.js";
import type { ConfState } from "../types/conf-change.js";
import type { ProgressView } from "./progress.js";

/** `voters=(1 2)&&(1 2 3) learners=(4) learners_next=(3) autoleave`. */
export function describeConfig(config: ConfState): string {
  let text = `voters=${describeJoint(config.voters, config.votersOutgoing)}`;
  if (config.learners.length > 0) text += ` learners=${describeMajority(config.learners)}`;
  if (config.learnersNext.length > 0) text += ` learners_next=${describeMajority(config.learnersNext)}`;
  return config.autoLeave ? `${text} autoleave` : text;
}

/** `StateReplicate match=3 next=4 inflight=1`; what is usual goes unsaid. */
export function describeProgress(progress: ProgressView): string {
  let text = `${progress.state} match=${progress.match} next=${progress.next}`;
  if (progress.isLearner) text += " learner";
  if (progress.paused) text += " paused";
  if (progress.pendingSnapshot > 0) text += ` pendingSnap=${progress.pendingSnapshot}`;
  if (!progress.recentActive) text += " inactive";
  if (progress.inflightCount > 0) text += ` inflight=${progress.inflightCount}`;
  return progress.inflightCount > 0 && progress.inflightFull ? `${text}[full]` : text;
}

/** One line per node, ascending ids. */
export function describeProgressMap(progress: ReadonlyMap<bigint, ProgressView>): string {
  let text = "";
  for (const [id, view] of progress) text += `${id}: ${describeProgress(view)}\n`;
  return text;
}
