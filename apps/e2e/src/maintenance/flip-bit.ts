/** Damages the tables of a member's database behind its back, as a bad disk would, and mends them again. */
import { closeSync, openSync, readdirSync, readSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";

/** The files of rows under a member's data, largest first. */
export function findTables(dataFolder: string): readonly string[] {
  const entries = readdirSync(dataFolder, { recursive: true, encoding: "utf8" });
  const files = entries.filter((name) => name.endsWith(".sst")).map((name) => join(dataFolder, name));
  return files.toSorted((left, right) => statSync(right).size - statSync(left).size);
}

/** Flips the lowest bit of the byte at `place` (0 to 1) of a file, in place: another call mends it. */
export function flipBit(file: string, place: number): void {
  const descriptor = openSync(file, "r+");
  try {
    const position = Math.floor(statSync(file).size * place);
    const byte = Buffer.alloc(1);
    readSync(descriptor, byte, 0, 1, position);
    byte[0] = (byte[0] ?? 0) ^ 1;
    writeSync(descriptor, byte, 0, 1, position);
  } finally {
    closeSync(descriptor);
  }
}
