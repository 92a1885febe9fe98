/**
 * Changes what a stopped member has stored, behind its back and without a trace on the disk: what a faulty memory or a fault in
 * the software does to one member of a cluster. Twice is as good as never.
 */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { openDataDir, RocksEngine } from "@quorate/storage";
import type { PlacedMember } from "../faults/placed-member.js";

const CHUNK_ROWS = 512;
/** Below and above the keys of all tables. */
const FIRST_KEY: Uint8Array = Uint8Array.of(0);
const LAST_KEY: Uint8Array = Uint8Array.of(0xff);

/** Changes the first letter of `value` wherever it is stored. */
export async function damageValue(member: PlacedMember, value: string): Promise<void> {
  if (member.isRunning) throw new Error(`${member.name} is running`);
  const count =
    member.kind === "quorate"
      ? await damageRows(member.dataFolder, value)
      : damageFile(join(member.dataFolder, "member", "snap", "db"), value);
  if (count === 0) throw new Error(`${member.name} has no value ${value} on its disk`);
}

/** @returns how many rows were changed. */
async function damageRows(dataFolder: string, value: string): Promise<number> {
  const folder = await openDataDir(dataFolder);
  try {
    const engine = await RocksEngine.open(folder.enginePath);
    try {
      const keys: Uint8Array[] = [];
      const values: Uint8Array[] = [];
      for await (const chunk of engine.scan(FIRST_KEY, LAST_KEY, CHUNK_ROWS)) {
        chunk.values.forEach((row, i) => {
          const damaged = Buffer.from(row);
          if (damage(damaged, value) === 0) return;
          keys.push(Buffer.from(chunk.keys[i] as Uint8Array));
          values.push(damaged);
        });
      }
      await engine.write(keys, values);
      await engine.flush();
      return keys.length;
    } finally {
      await engine.close();
    }
  } finally {
    await folder.close();
  }
}

/** The pages of etcd's database have no checksums. @returns how many places were changed. */
function damageFile(file: string, value: string): number {
  const bytes = readFileSync(file);
  const count = damage(bytes, value);
  const descriptor = openSync(file, "r+");
  try {
    writeSync(descriptor, bytes, 0, bytes.length, 0);
  } finally {
    closeSync(descriptor);
  }
  return count;
}

/** Flips the case of the letter in front, wherever the rest of `value` stands. @returns in how many places. */
function damage(bytes: Buffer, value: string): number {
  const rest = value.slice(1);
  let count = 0;
  for (let at = bytes.indexOf(rest); at > 0; at = bytes.indexOf(rest, at + 1)) {
    bytes[at - 1] = (bytes[at - 1] ?? 0) ^ 0x20;
    count += 1;
  }
  return count;
}
