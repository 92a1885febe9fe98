/**
 * A lock whose holders may fall asleep protects nothing by itself: the sleeper still believes. What protects is a fence: each write
 * names its holder's key, and is refused once that key is gone. Then writes of different holders never mix, whoever slept.
 */
import { checkLocks, surelyHeldUntil } from "../check-locks.js";
import type { FencedHold, FencedWrite } from "./fence-history.js";
import { WORKLOAD_VIOLATIONS_MAX } from "./world.js";

export function checkFencing(
  holds: readonly FencedHold[],
  writes: readonly FencedWrite[],
  clockErrorMax: number,
): string[] {
  const violations = checkLocks(holds, [], clockErrorMax);
  const owners = new Map<number, number>();
  for (const { token, client } of holds) {
    const other = owners.get(token);
    if (other !== undefined && other !== client)
      violations.push(`clients ${other} and ${client} have the same token ${token}`);
    owners.set(token, client);
  }
  const made = writes.filter(({ outcome, revision }) => outcome === "ok" && revision !== undefined);
  made.sort((a, b) => (a.revision ?? 0) - (b.revision ?? 0));
  for (const [i, write] of made.entries()) {
    const last = made[i - 1];
    if (last !== undefined && write.token < last.token)
      violations.push(
        `client ${write.client} wrote with token ${write.token} at revision ${write.revision}, after token ${last.token} at ${last.revision}`,
      );
  }
  for (const write of writes) {
    if (write.outcome !== "refused") continue;
    const hold = holds.find(({ token }) => token === write.token);
    if (hold === undefined) continue;
    const surelyUntilMs = surelyHeldUntil(hold, clockErrorMax);
    if (write.endMs < surelyUntilMs)
      violations.push(
        `client ${write.client} was refused at ${write.endMs.toFixed(1)} ms, though its lease lives until ${surelyUntilMs.toFixed(1)} ms`,
      );
  }
  return violations.slice(0, WORKLOAD_VIOLATIONS_MAX);
}
