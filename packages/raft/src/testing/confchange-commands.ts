/** The command language of confchange scripts: `simple`, `enter-joint [autoleave=true]`, `leave-joint`, with changes as input. */
import { type ConfBase, changeSimple, enterJoint, leaveJoint } from "../confchange/changer.js";
import { describeConfig, describeProgressMap } from "../tracker/describe.js";
import type { ProgressView } from "../tracker/progress.js";
import { emptyConfState } from "../types/conf-change.js";
import { parseChanges } from "./conf-change-text.js";
import type { ScriptCase } from "./data-driven.js";

/** A configuration that scripts change; the last index rises by one with each command. */
export class ConfChangeScript {
  #base: ConfBase = {
    config: emptyConfState,
    progress: new Map(),
    inflightCountMax: 10,
    inflightBytesMax: Infinity,
    lastIndex: 0,
  };

  handle(test: ScriptCase): string {
    const base = this.#base;
    this.#base = { ...base, lastIndex: base.lastIndex + 1 };
    const changes = parseChanges(test.input);
    const autoLeave = test.args.some((arg) => arg.key === "autoleave" && arg.vals[0] === "true");
    const result =
      test.command === "simple"
        ? changeSimple(base, changes)
        : test.command === "enter-joint"
          ? enterJoint(base, autoLeave, changes)
          : test.command === "leave-joint"
            ? leaveJoint(base)
            : "unknown command";
    if (typeof result === "string") return `${result}\n`;
    this.#base = { ...this.#base, config: result.config, progress: result.progress };
    const views = new Map<bigint, ProgressView>();
    for (const [id, progress] of result.progress) views.set(id, progress.view());
    return `${describeConfig(result.config)}\n${describeProgressMap(views)}`;
  }
}
