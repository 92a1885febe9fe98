/** One bit of a log flips at rest, each in turn: the log is read as it was written, or refused. */
import { expect, test } from "vitest";
import {
  appended,
  createMemoryDisk,
  smallLimits,
  testConfState,
  testEntries,
  testEntry,
  testMetadata,
  testState,
} from "../testing/wal-fixtures.js";
import { CorruptionError } from "../errors.js";
import type { MemoryFiles } from "../vfs/memory-files.js";
import { createWal } from "./create-wal.js";
import { readSegment, type SegmentContents } from "./segment-reader.js";
import { parseSegmentName } from "./segment-name.js";

const DIR = "/member/wal";
const LIMITS = { ...smallLimits, segmentCutBytes: 8192, segmentBytes: 16_384 };

async function written(): Promise<MemoryFiles> {
  const files = await createMemoryDisk();
  const wal = await createWal(files, DIR, testMetadata, LIMITS);
  await appended(wal, { entries: testEntries(1, 4, 3), hardState: testState(3, 0) });
  await appended(wal, { entries: [testEntry(4, 3, 0)] });
  await appended(wal, { entries: testEntries(5, 9, 3, 150), hardState: testState(3, 3) });
  await appended(wal, { entries: [], snapshot: { index: 3, term: 3, confState: testConfState } });
  await appended(wal, { entries: [testEntry(9, 4, 700)], hardState: testState(4, 8) });
  await appended(wal, { entries: testEntries(10, 14, 4, 33), hardState: testState(4, 9) });
  await wal.close();
  return files;
}

function known({ entries, hardState, snapshots, metadata }: SegmentContents): unknown {
  return {
    entries: entries.map(({ data, ...rest }) => ({ ...rest, data: Buffer.from(data).toString("hex") })),
    hardState,
    snapshots,
    metadata,
  };
}

test("every bit of the last segment is read as it was, or refused", async () => {
  const files = await written();
  const [name = ""] = await files.list(DIR);
  const segment = parseSegmentName(name);
  if (segment === undefined) throw new Error(`no segment: ${name}`);
  const path = `${DIR}/${name}`;
  const file = await files.open(path, "read");
  const read = (): Promise<SegmentContents> => readSegment(file, segment, { path, last: true });
  const intact = await read();
  expect(intact.entries).toHaveLength(13);
  const before = known(intact);
  const bytes = files.contents(path);
  let refused = 0;
  for (let bit = 0; bit < 8 * intact.endOffset; bit++) {
    const at = bit >>> 3;
    const mask = 1 << (bit & 7);
    bytes[at]! ^= mask;
    try {
      expect(known(await read()), `bit ${bit & 7} of byte ${at}`).toEqual(before);
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      refused += 1;
    }
    bytes[at]! ^= mask;
  }
  expect(known(await read())).toEqual(before);
  // Padding that is not covered, and a first sum that nothing precedes, may go unnoticed.
  expect(refused).toBeGreaterThan(0.9 * 8 * intact.endOffset);
});
