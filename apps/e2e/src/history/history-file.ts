/** Histories as files of JSON lines: a line for the load, then one for each operation, watcher record and event. */
import { closeSync, mkdtempSync, openSync, readFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KvOperation, StoreEvent, WatcherLog, WatchRecord } from "@quorate/sim";
import type { History } from "@quorate/sim";

type Head = Omit<History, "operations" | "watchers" | "events">;

type Line =
  | { readonly load: Head; readonly hasEvents: boolean }
  | { readonly operation: KvOperation }
  | { readonly watcher: Omit<WatcherLog, "records"> }
  /** Of the watcher named last. */
  | { readonly record: WatchRecord }
  | { readonly event: StoreEvent };

/** Lines written at once. */
const LINES_PER_WRITE = 1_000;

/** Writes the history for later, so that a verdict can be looked into. @returns the file, in a new folder unless given. */
export function saveHistory(history: History, file?: string): string {
  const path = file ?? join(mkdtempSync(join(tmpdir(), "e2e-history-")), "history.jsonl");
  const descriptor = openSync(path, "w");
  try {
    let batch: string[] = [];
    for (const line of linesOf(history)) {
      batch.push(JSON.stringify(line), "\n");
      if (batch.length < 2 * LINES_PER_WRITE) continue;
      writeSync(descriptor, batch.join(""));
      batch = [];
    }
    writeSync(descriptor, batch.join(""));
  } finally {
    closeSync(descriptor);
  }
  return path;
}

function* linesOf(history: History): Generator<Line> {
  const { operations, watchers, events, ...load } = history;
  yield { load, hasEvents: events !== undefined };
  for (const operation of operations) yield { operation };
  for (const { records, ...watcher } of watchers) {
    yield { watcher };
    for (const record of records) yield { record };
  }
  for (const event of events ?? []) yield { event };
}

/** Reads what `saveHistory` wrote. */
export function readHistory(path: string): History {
  let load: Head | undefined;
  let events: StoreEvent[] | undefined;
  const operations: KvOperation[] = [];
  const watchers: (Omit<WatcherLog, "records"> & { records: WatchRecord[] })[] = [];
  for (const text of readFileSync(path, "utf8").trimEnd().split("\n")) {
    const line = JSON.parse(text) as Line;
    if ("load" in line) {
      load = line.load;
      events = line.hasEvents ? [] : undefined;
    } else if ("operation" in line) operations.push(line.operation);
    else if ("watcher" in line) watchers.push({ ...line.watcher, records: [] });
    else if ("record" in line) watchers.at(-1)?.records.push(line.record);
    else events?.push(line.event);
  }
  if (load === undefined) throw new Error(`${path} is no history`);
  return { ...load, operations, watchers, events };
}
