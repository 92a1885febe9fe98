/** All checks over one history. */
import { Findings, type Verdict } from "../history/verdict.js";
import type { StoreEvent, WatcherLog } from "../history/watcher-log.js";
import { checkOperations } from "../revisions/check-operations.js";
import { searchKeys } from "../revisions/search-keys.js";
import { StoreHistory } from "../revisions/store-history.js";
import { checkWatcher } from "../watch/check-watcher.js";
import type { History, MemberHash } from "./history.js";

/**
 * Linearizability and order of revisions, acknowledged writes that are lost, what watchers were told, and whether members are
 * equal. Needs no server; takes some ten seconds for half a million operations.
 */
export function judge(history: History): Verdict {
  const findings = new Findings();
  const events = history.events ?? eventsOfWatchers(history);
  if (events === undefined) {
    // Nobody knows all that happened: what clients and watchers saw has to explain itself.
    searchKeys({ ...history, seen: seenByWatchers(history) }, findings);
    findings.addLimit("the history is compacted and no watcher was told all of it: watchers are not judged");
  } else {
    const store = new StoreHistory(events, history, findings);
    checkOperations(history.operations, store, findings);
    for (const watcher of history.watchers) checkWatcher(watcher, store, findings);
  }
  checkHashes(history, findings);
  return findings.verdict();
}

function* seenByWatchers({ watchers }: History): Generator<StoreEvent> {
  for (const { records } of watchers) {
    for (const record of records) {
      if (record.kind === "events") yield* record.events.filter(({ kind }) => kind === "put");
    }
  }
}

/** The history as the first watcher knows it that was told all of it. */
function eventsOfWatchers({ watchers, finalRevision }: History): StoreEvent[] | undefined {
  for (const watcher of watchers) {
    const events = eventsOf(watcher);
    const isCompacted = watcher.records.some(
      (record) => record.kind === "canceled" && record.compactRevision > 0,
    );
    if (!isCompacted && events.at(-1)?.modRevision === finalRevision) return events;
  }
  return undefined;
}

/** What a watcher was told, up to the history's end; what was told again after a new start is left out. */
function eventsOf({ records }: WatcherLog): StoreEvent[] {
  const events: StoreEvent[] = [];
  for (const record of records) {
    if (record.kind === "opened") {
      while ((events.at(-1)?.modRevision ?? 0) >= record.startRevision) events.pop();
    }
    if (record.kind === "events") events.push(...record.events);
  }
  return events;
}

function checkHashes({ hashes, finalRevision }: History, findings: Findings): void {
  const byCompaction = new Map<number, Extract<MemberHash, { hash: number }>>();
  for (const member of hashes) {
    if ("error" in member) {
      findings.addLimit(`no hash of ${member.endpoint} at revision ${finalRevision}: ${member.error}`);
      continue;
    }
    const other = byCompaction.get(member.compactRevision);
    if (other === undefined) byCompaction.set(member.compactRevision, member);
    else if (other.hash !== member.hash) {
      const both = `${other.endpoint}: ${other.hash}, ${member.endpoint}: ${member.hash}`;
      findings.add("hash", `members differ at revision ${finalRevision}: ${both}`);
    }
  }
}
