/** A bug that another system had, as a script: what would show it is brought about, and it is not there. */
import { Stage, type StageOptions } from "./stage.js";

export interface Bug {
  /** Its own name here. */
  readonly name: string;
  /** Who had it, and where it is told of. */
  readonly known: string;
  /** What went wrong there. */
  readonly was: string;
  readonly stage: StageOptions;
  /** What has to have happened for the script to be worth anything. */
  readonly needs: readonly string[];
  play(stage: Stage): Promise<void>;
}

export interface BugReport {
  readonly happened: readonly string[];
  readonly violations: readonly string[];
}

export async function playBug(bug: Bug): Promise<BugReport> {
  const stage = new Stage(bug.stage);
  await stage.open();
  await bug.play(stage);
  await stage.close();
  return stage;
}
