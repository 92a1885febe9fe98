import { existsSync, readFileSync } from "node:fs";
import type { Member } from "./member.js";

/** Memory of the member's process in bytes; 0 where the system does not say. */
export function readResidentBytes(member: Member): number {
  const file = `/proc/${member.pid}/status`;
  if (!existsSync(file)) return 0;
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(file, "utf8"))?.[1];
  return kilobytes === undefined ? 0 : Number(kilobytes) * 1024;
}
