import type { Problem } from "./build.js";

/** The problem of one field below a place in the draft. */
export type ProblemsAt = (field: string) => string | undefined;

export function problemsAt(problems: readonly Problem[], path: string): ProblemsAt {
  return (field) => problems.find((problem) => problem.path === `${path}${field}`)?.text;
}
