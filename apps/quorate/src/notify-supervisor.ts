/**
 * Tells systemd that the member serves (`Type=notify`). Node can't write to its socket, which takes datagrams, so systemd's own program does;
 * because that is a process of its own, the unit needs `NotifyAccess=all`.
 */
import { execFile } from "node:child_process";
import type { Logger } from "@quorate/server/config";

const NOTIFY_TIMEOUT_MS = 5000;

/** Does nothing unless a supervisor asked for it. Never fails: a member that serves must not stop because nobody could be told. */
export function notifySupervisor(logger: Logger): void {
  const socket = process.env["NOTIFY_SOCKET"];
  if (socket === undefined || socket === "") return;
  execFile("systemd-notify", ["--ready"], { timeout: NOTIFY_TIMEOUT_MS }, (error) => {
    if (error !== null) logger.warn("failed to notify systemd for readiness", { error });
  });
}
