/** A measurement that is not a rate of requests: it starts what it needs, and ends with a few numbers. */
import type { Subject } from "./server-process.js";

/** A number with what it is, its unit at the end. */
export type Figure = readonly [title: string, value: number];

export interface ScenarioSetting {
  readonly subject: Subject;
  /** Empty, on a disk, removed afterwards. */
  readonly folder: string;
  /** Aim for the length of each measured stretch. */
  readonly seconds: number;
  /** Share of the full size, above 0 and up to 1. */
  readonly scale: number;
}

export interface FigureScenario {
  /** For `--only`. */
  readonly group: string;
  /** @throws Error when the server did not do what was asked. */
  run(setting: ScenarioSetting): Promise<readonly Figure[]>;
}
