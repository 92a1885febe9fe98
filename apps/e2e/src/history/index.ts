/**
 * Loads that are recorded, and their judge: the one door of this folder.
 *
 * ```
 * const load = await startLoad({ endpoints, seed: 7 });
 * load.mark("leader killed"); ... faults ...
 * const history = await load.stop();
 * const verdict = judge(history);
 * if (verdict.kind !== "sound") throw new Error(`${formatVerdict(verdict)}\n${saveHistory(history)}`);
 * longestWriteGap(history, { after: "leader killed", windowMs: 10_000 });
 * ```
 */
export { formatVerdict } from "@quorate/sim";
export type { Verdict, Violation } from "@quorate/sim";
export type { History, Mark, MemberHash, Tally } from "@quorate/sim";
export type { Load, LoadOptions } from "./load-options.js";
export { startLoad } from "./start-load.js";
export { judge } from "@quorate/sim";
export { longestWriteGap } from "./write-gap.js";
export type { WriteGap } from "./write-gap.js";
export { readHistory, saveHistory } from "./history-file.js";
export { ProcessWorkloads } from "./process-workloads.js";
