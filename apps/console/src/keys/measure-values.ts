/**
 * Sizes of values. etcd tells a size only by sending the value, so they are read in bounded pieces and dropped at once, and where a page
 * has too much of them the rest stays unknown.
 */
import type { consolepb } from "@quorate/proto";
import type { ReadContext } from "../clusters/cluster-calls.js";
import { keyAfter } from "./key-range.js";
import { scanKeys } from "./scan-keys.js";

/** Bytes of values read for the sizes on one page. */
const MEASURED_BYTES_MAX = 4 * 1024 * 1024;
/** Reads made for them: keys between folders need one each. */
const MEASURING_READS_MAX = 32;

/** `Child.value_bytes` of a key whose value was not read. */
export const UNKNOWN_BYTES = -1n;

/** Fills in `valueBytes` of the keys among `children`, which are in order. */
export async function measureValues(
  context: ReadContext,
  children: readonly consolepb.Child[],
  revision: bigint,
): Promise<void> {
  for (const child of children) if (!child.isFolder) child.valueBytes = UNKNOWN_BYTES;
  let bytes = 0;
  let reads = 0;
  for (const run of runsOfKeys(children)) {
    const [first] = run;
    const last = run.at(-1);
    if (first === undefined || last === undefined) continue;
    let place = 0;
    const scan = scanKeys(context, {
      start: first.name,
      end: keyAfter(last.name),
      revision,
      withValues: true,
      keysMax: run.length,
    });
    for await (const { keys } of scan) {
      for (const key of keys) {
        const child = run[place]!;
        child.valueBytes = BigInt(key.value.length);
        // Read without its value, a key has no lease since etcd 3.7.
        child.key = { ...key, value: new Uint8Array() };
        place += 1;
        bytes += key.value.length;
      }
      reads += 1;
      if (bytes > MEASURED_BYTES_MAX || reads >= MEASURING_READS_MAX) return;
    }
  }
}

/** Keys that follow each other without a folder between them. */
function runsOfKeys(children: readonly consolepb.Child[]): consolepb.Child[][] {
  const runs: consolepb.Child[][] = [];
  let run: consolepb.Child[] | undefined;
  for (const child of children) {
    if (child.isFolder) {
      run = undefined;
      continue;
    }
    if (run === undefined) runs.push((run = []));
    run.push(child);
  }
  return runs;
}
