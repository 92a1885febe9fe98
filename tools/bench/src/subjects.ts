/** The two servers, and how to start them. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Subject } from "./server-process.js";

/** `QUORATE_BIN` names another build, so that one can be measured while the next is made. */
const quorateEntry =
  process.env["QUORATE_BIN"] ??
  fileURLToPath(new URL("../../../apps/quorate/dist/quorate.js", import.meta.url));

/** @throws Error that says what is missing. */
export function findSubject(name: string, etcd: string): Subject {
  if (name === "etcd") return { name, command: etcd, args: [], version: versionOf(etcd, []) };
  if (!existsSync(quorateEntry)) throw new Error("the server is not built: node apps/quorate/build.mjs");
  const command = process.execPath;
  return { name, command, args: [quorateEntry], version: versionOf(command, [quorateEntry]) };
}

function versionOf(command: string, args: readonly string[]): string {
  try {
    const output = execFileSync(command, [...args, "--version"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    // The second line tells whose build it is.
    return output.split("\n", 2).join(", ");
  } catch (error) {
    throw new Error(
      `${command} does not run; set ETCD_BIN or --etcd (on Debian: apt-get install etcd-server)`,
      { cause: error },
    );
  }
}
