/** Damage at rest: bits that flip in files and rows while nobody looks. */
import type { MemoryEngine } from "@quorate/machine";
import type { Prng } from "@quorate/std";
import type { MemoryFiles } from "@quorate/storage";
import { rowName } from "./sim-engine.js";

export type RotPlace = "log" | "database";

const ROWS_AT_ONCE = 1000;

/** Flips one bit of what was written of some segment. @returns where */
export async function rotLog(files: MemoryFiles, folder: string, prng: Prng): Promise<string | undefined> {
  if (!(await files.exists(folder))) return undefined;
  const names = (await files.list(folder)).filter((name) => name.endsWith(".wal")).sort();
  if (names.length === 0) return undefined;
  // What is newest is what a start reads and acts upon.
  const name = prng.chance(0.6) ? (names.at(-1) ?? "") : prng.pick(names);
  const bytes = files.contents(`${folder}/${name}`);
  let used = bytes.length;
  while (used > 0 && bytes[used - 1] === 0) used--;
  if (used === 0) return undefined;
  const offset = prng.below(used);
  const bit = prng.below(8);
  bytes[offset] = (bytes[offset] ?? 0) ^ (1 << bit);
  return `bit ${bit} of byte ${offset} of ${name}`;
}

/** Makes one row unreadable, as a flipped bit does to a block with a checksum. @returns which */
export async function rotRow(
  engine: MemoryEngine | undefined,
  rotten: Set<string>,
  prng: Prng,
): Promise<string | undefined> {
  if (engine === undefined) return undefined;
  const names: string[] = [];
  for await (const { keys } of engine.scan(Uint8Array.of(0), Uint8Array.of(0xff), ROWS_AT_ONCE))
    for (const key of keys) names.push(rowName(key));
  if (names.length === 0) return undefined;
  const name = prng.pick(names);
  rotten.add(name);
  return `row ${name}`;
}
