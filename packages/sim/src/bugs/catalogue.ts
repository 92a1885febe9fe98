/** All bugs of others that are played here. The table in `docs/internals/checkers.md` has a line for each. */
import type { Bug } from "./bug.js";
import { COMPACTION_BUGS } from "./compaction-bugs.js";
import { CRASH_BUGS } from "./crash-bugs.js";
import { GUARD_BUGS } from "./guard-bugs.js";
import { LEADER_BUGS } from "./leader-bugs.js";
import { WATCH_BUGS } from "./watch-bugs.js";

export const BUGS: readonly Bug[] = [
  ...WATCH_BUGS,
  ...COMPACTION_BUGS,
  ...CRASH_BUGS,
  ...LEADER_BUGS,
  ...GUARD_BUGS,
];
