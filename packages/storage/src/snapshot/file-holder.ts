/**
 * Who holds a file: etcd locks its database with flock, which Node cannot ask for. Linux lists all locks in a file.
 * Elsewhere, and for processes of other containers, nobody is seen.
 */
import { readFile, stat } from "node:fs/promises";
import { errnoOf } from "../errors.js";

/** `1: FLOCK  ADVISORY  WRITE 4711 08:01:1234567 0 EOF`: the device in hexadecimal, then the inode. */
const LINE = /^\d+: (?:-> )?\S+\s+\S+\s+\S+\s+(\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) /;

/** @returns the process that has a lock on the file, if any is seen. */
export async function findHolder(
  path: string,
  locksFile: string = "/proc/locks",
): Promise<number | undefined> {
  let locks: string;
  try {
    locks = await readFile(locksFile, "utf8");
  } catch (error) {
    if (errnoOf(error) !== undefined) return undefined;
    throw error;
  }
  const { dev, ino } = await stat(path);
  for (const line of locks.split("\n")) {
    const [, pid, major, minor, inode] = LINE.exec(line) ?? [];
    if (pid === undefined || Number(inode) !== ino) continue;
    if (
      Number.parseInt(major ?? "", 16) === majorOf(dev) &&
      Number.parseInt(minor ?? "", 16) === minorOf(dev)
    ) {
      return Number(pid);
    }
  }
  return undefined;
}

/** Linux packs 12 bits of major and 20 bits of minor so that old 8:8 numbers stay what they were. */
function majorOf(device: number): number {
  return Math.floor(device / 256) & 0xfff;
}

function minorOf(device: number): number {
  return (device & 0xff) | (Math.floor(device / 4096) & 0xfff00);
}
