/**
 * What the database of an etcd server does not say and other files of its directory do.
 *
 * Before 3.5 databases name neither the term nor the raft configuration, and one that 3.4's `snapshot restore` made has no members: they
 * are in the log, and in the `.snap` file that goes with the log's snapshot.
 */
import type { Member } from "@quorate/machine";
import { parseMember } from "@quorate/machine";
import { formatHexId } from "@quorate/proto";
import { emptyConfState, type ConfState } from "@quorate/raft";
import { CorruptionError, OperationalError } from "../errors.js";
import type { LogContents } from "../wal/log-contents.js";
import { formatConfStateRow } from "./conf-state-row.js";
import {
  CLUSTER_VERSION_ROW,
  CONF_STATE_ROW,
  counterRow,
  INDEX_ROW,
  StateWatcher,
  TERM_ROW,
  text,
  textRow,
  type RowOverride,
} from "./database-rows.js";
import { openDatabaseFile } from "./database-file.js";
import { readSnapFile, snapFileName, type SnapFile } from "./snap-file.js";
import { memberRow, parseV2Snapshot } from "./v2-store.js";

export type ForeignLog = Pick<LogContents, "snapshot" | "entries">;

/** What a foreign database says of itself. */
interface ForeignState {
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
  readonly members: readonly Member[];
  readonly hasRemoved: boolean;
  readonly clusterVersion: string | undefined;
}

/** The index of the last entry in a database file; 0 when it does not say. */
export async function readDatabaseIndex(file: string): Promise<number> {
  return (await readState(file)).index;
}

/** The rows to be added when `file` is imported. @throws CorruptionError, OperationalError */
export async function findMissingRows(
  file: string,
  snapPath: string,
  log: ForeignLog,
): Promise<RowOverride[]> {
  const state = await readState(file);
  const rows: RowOverride[] = [];
  const hasAll = state.members.length > 0 && state.clusterVersion !== undefined;
  const snap = hasAll ? undefined : await findSnapFile(snapPath, log);
  const old = snap === undefined ? undefined : parseV2Snapshot(snap.data);
  const members = state.members.length > 0 ? state.members : (old?.members ?? []);
  if (state.members.length === 0) {
    for (const member of members) {
      const { key, value } = memberRow(member);
      rows.push(textRow("members", key, value));
    }
  }
  if (!state.hasRemoved) {
    for (const id of old?.removedIds ?? []) rows.push(textRow("members_removed", formatHexId(id), "removed"));
  }
  if (state.clusterVersion === undefined && old?.version !== undefined) {
    rows.push(textRow("cluster", CLUSTER_VERSION_ROW, old.version));
  }
  // A database that was never written to still has the state at the log's start.
  const index = Math.max(state.index, log.snapshot.index);
  if (state.index === 0 && index > 0) rows.push(counterRow(INDEX_ROW, index));
  if (state.term === 0) {
    const term = termAt(index, log);
    if (term !== undefined && term > 0) rows.push(counterRow(TERM_ROW, term));
  }
  if (state.confState.voters.length === 0) {
    const confState = confStateOf(members) ?? log.snapshot.confState ?? snap?.confState ?? emptyConfState;
    if (confState.voters.length > 0)
      rows.push(textRow("meta", CONF_STATE_ROW, formatConfStateRow(confState)));
  }
  return rows;
}

async function readState(path: string): Promise<ForeignState> {
  const file = await openDatabaseFile(path);
  try {
    const watcher = new StateWatcher();
    const members: Member[] = [];
    let hasRemoved = false;
    let clusterVersion: string | undefined;
    for await (const chunk of file.rows(new Set(["meta", "members", "members_removed", "cluster"]))) {
      watcher.see(chunk);
      if (chunk.table === "members_removed") hasRemoved = true;
      for (const [i, key] of chunk.keys.entries()) {
        const value = text(chunk.values[i]);
        if (chunk.table === "cluster" && text(key) === CLUSTER_VERSION_ROW) clusterVersion = value;
        const member = chunk.table === "members" ? parseMember(value) : undefined;
        if (member !== undefined) members.push(member);
      }
    }
    return { ...watcher.state, members, hasRemoved, clusterVersion };
  } finally {
    await file.close();
  }
}

/** The file that was written with the log's snapshot record; none for a log from its beginning, or of etcd 3.8. */
async function findSnapFile(snapPath: string, { snapshot }: ForeignLog): Promise<SnapFile | undefined> {
  if (snapshot.index === 0) return undefined;
  const path = `${snapPath}/${snapFileName(snapshot.term, snapshot.index)}`;
  try {
    const snap = await readSnapFile(path);
    if (snap.index === snapshot.index && snap.term === snapshot.term) return snap;
    throw new CorruptionError(path, 0, `it holds snapshot ${snap.index} of term ${snap.term}`);
  } catch (error) {
    if (error instanceof OperationalError && error.code === "missing") return undefined;
    throw error;
  }
}

function termAt(index: number, { snapshot, entries }: ForeignLog): number | undefined {
  return index === snapshot.index ? snapshot.term : entries[index - snapshot.index - 1]?.term;
}

/** etcd from 3.7 on takes the configuration from the members, too. */
function confStateOf(members: readonly Member[]): ConfState | undefined {
  const ids = (learners: boolean): bigint[] =>
    members
      .filter((member) => member.isLearner === learners)
      .map((member) => member.id)
      .sort((a, b) => (a < b ? -1 : 1));
  return members.length === 0 ? undefined : { ...emptyConfState, voters: ids(false), learners: ids(true) };
}
