/** All scenarios, in the order they are run. */
import type { FigureScenario } from "../figure-scenario.js";
import { catchup } from "./catchup.js";
import { lease, leaseStorm } from "./lease-storm.js";
import { loginStorm } from "./login-storm.js";
import { sdk } from "./sdk.js";
import { watchIdle } from "./watch-idle.js";
import { watchMany } from "./watch-many.js";
import { watchStalled } from "./watch-stalled.js";

export const figureScenarios: readonly FigureScenario[] = [
  catchup,
  watchMany,
  watchIdle,
  watchStalled,
  lease,
  leaseStorm,
  loginStorm,
  sdk,
];
