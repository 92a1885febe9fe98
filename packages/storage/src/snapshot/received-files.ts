/** Databases that came from the leader and wait to be installed: `<index in 16 hexadecimal digits>.snap.db`, as etcd names them. */
import type { FileSystem } from "../vfs/file-system.js";

const NAME = /^([0-9a-f]{16})\.snap\.db$/;

/** @param index of the last entry in the database. */
export function receivedName(index: number): string {
  return `${index.toString(16).padStart(16, "0")}.snap.db`;
}

/** Removes those whose state is contained in the one at `appliedIndex`. */
export async function purgeReceived(
  files: FileSystem,
  snapPath: string,
  appliedIndex: number,
): Promise<void> {
  for (const name of await files.list(snapPath)) {
    const digits = NAME.exec(name)?.[1];
    if (digits !== undefined && Number.parseInt(digits, 16) <= appliedIndex)
      await files.remove(`${snapPath}/${name}`);
  }
}
