/**
 * The thread that hashes: apart from the pool that the log and the database use, and behind everybody else in the queue for a core,
 * so that a storm of logins takes only what is left over.
 */
import { hashSync, verifySync } from "@node-rs/bcrypt";
import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";
import { parentPort } from "node:worker_threads";

export type PasswordTask =
  | { readonly id: number; readonly kind: "hash"; readonly password: Uint8Array; readonly cost: number }
  | {
      readonly id: number;
      readonly kind: "verify";
      readonly password: Uint8Array;
      readonly hash: Uint8Array;
    };

export interface PasswordResult {
  readonly id: number;
  readonly result: string | boolean;
}

const PRIORITY_LOWEST = 19;

/** Linux knows threads as processes; elsewhere the thread runs like all others. */
function stepBack(): void {
  try {
    const thread = Number(readlinkSync("/proc/thread-self").split("/").at(-1));
    if (thread !== process.pid) setPriority(thread, PRIORITY_LOWEST);
  } catch {
    // No such file, or not allowed: the limit on how many run at a time still holds.
  }
}

function carryOut(task: PasswordTask): string | boolean {
  return task.kind === "hash"
    ? hashSync(task.password, { cost: task.cost, version: "2a" })
    : verifySync(task.password, task.hash);
}

stepBack();
parentPort?.on("message", (task: PasswordTask) => {
  const done: PasswordResult = { id: task.id, result: carryOut(task) };
  parentPort?.postMessage(done);
});
