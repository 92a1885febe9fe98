/**
 * What the database of an etcd server does not say and other files of its directory do.
 *
 * Before 3.5 databases name neither the term nor the raft configuration, and their members are not to be relied on: the term is in
 * the log, the members in the `.snap` file that goes with the log's snapshot and in the changes behind it. Since 3.5 the members
 * are right, and the configuration follows from them: etcd from 3.7 on does the same. An old `snapshot restore` leaves the members of
 * the old cluster in a database of any age; the log and its `.snap` file are the new cluster's, so they win where the two differ.
 */
import { formatConfState, formatMember, type Member, parseMember } from "@quorate/machine";
import { formatHexId } from "@quorate/proto";
import { emptyConfState, type ConfState } from "@quorate/raft";
import { CorruptionError, OperationalError } from "../errors.js";
import type { LogContents } from "../wal/log-contents.js";
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
import { MemberReplay } from "./member-replay.js";
import { readSnapFile, snapFileName, type SnapFile } from "./snap-file.js";
import { parseV2Snapshot, type V2State } from "./v2-store.js";

export type ForeignLog = Pick<LogContents, "snapshot" | "entries">;

/** What a foreign database says of itself. */
interface ForeignState {
  readonly index: number;
  readonly term: number;
  readonly members: readonly Member[];
  /** Keys of `members` and `members_removed`. */
  readonly memberRows: readonly Pick<RowOverride, "table" | "key">[];
  readonly clusterVersion: string | undefined;
}

/** The index of the last entry in a database file; 0 when it does not say. */
export async function readDatabaseIndex(file: string): Promise<number> {
  return (await readState(file)).index;
}

/** The rows to be changed when `file` is imported. @throws CorruptionError, OperationalError */
export async function findMissingRows(
  file: string,
  snapPath: string,
  log: ForeignLog,
): Promise<RowOverride[]> {
  const state = await readState(file);
  // A database that was never written to still has the state at the log's start.
  const index = Math.max(state.index, log.snapshot.index);
  const rows: RowOverride[] = [];
  if (state.index === 0 && index > 0) rows.push(counterRow(INDEX_ROW, index));
  let { members } = state;
  const replayed = await replayMembers(snapPath, log, index);
  if (replayed !== undefined && replayed.members.length > 0) {
    if (state.term === 0 || !sameIds(replayed.members, members)) {
      ({ members } = replayed);
      rows.push(...memberRows(state, replayed));
      if (state.clusterVersion === undefined && replayed.version !== undefined) {
        rows.push(textRow("cluster", CLUSTER_VERSION_ROW, replayed.version));
      }
    }
  }
  const term = termAt(index, log);
  if (state.term === 0 && term !== undefined && term > 0) rows.push(counterRow(TERM_ROW, term));
  // Also when the database names one: `snapshot restore` leaves that of the old cluster there.
  const confState = confStateOf(members) ?? log.snapshot.confState;
  if (confState !== undefined) rows.push(textRow("meta", CONF_STATE_ROW, formatConfState(confState)));
  return rows;
}

/** Names and client URLs may be newer in the database; who is a member, and how, may not. */
function sameIds(a: readonly Member[], b: readonly Member[]): boolean {
  const nameOf = ({ id, isLearner }: Member): string => `${id}/${isLearner}`;
  const names = new Set(b.map(nameOf));
  return a.length === b.length && a.every((member) => names.has(nameOf(member)));
}

/** Undefined when the list at the log's start is nowhere: then the database is the better source. */
async function replayMembers(snapPath: string, log: ForeignLog, index: number): Promise<V2State | undefined> {
  const snap = await findSnapFile(snapPath, log);
  const start = snap === undefined ? undefined : parseV2Snapshot(snap.data);
  if (start === undefined && log.snapshot.index > 0) return undefined;
  const replay = new MemberReplay(start);
  for (const entry of log.entries.slice(0, index - log.snapshot.index)) replay.apply(entry);
  return replay.state;
}

/** The rows of both member tables as they should be, and those that have to go. */
function memberRows(state: ForeignState, { members, removedIds }: V2State): RowOverride[] {
  const rows: RowOverride[] = [];
  for (const member of members) rows.push(textRow("members", formatHexId(member.id), formatMember(member)));
  for (const id of removedIds) rows.push(textRow("members_removed", formatHexId(id), "removed"));
  for (const row of state.memberRows) {
    const stays = rows.some((each) => each.table === row.table && Buffer.compare(each.key, row.key) === 0);
    if (!stays) rows.push({ ...row, value: undefined });
  }
  return rows;
}

async function readState(path: string): Promise<ForeignState> {
  const file = await openDatabaseFile(path);
  try {
    const watcher = new StateWatcher();
    const members: Member[] = [];
    const memberRows: Pick<RowOverride, "table" | "key">[] = [];
    let clusterVersion: string | undefined;
    for await (const chunk of file.rows(new Set(["meta", "members", "members_removed", "cluster"]))) {
      watcher.see(chunk);
      for (const [i, key] of chunk.keys.entries()) {
        const value = text(chunk.values[i]);
        if (chunk.table === "members" || chunk.table === "members_removed") {
          memberRows.push({ table: chunk.table, key });
        }
        if (chunk.table === "cluster" && text(key) === CLUSTER_VERSION_ROW) clusterVersion = value;
        const member = chunk.table === "members" ? parseMember(value) : undefined;
        if (member !== undefined) members.push(member);
      }
    }
    return { ...watcher.state, members, memberRows, clusterVersion };
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

function confStateOf(members: readonly Member[]): ConfState | undefined {
  const ids = (learners: boolean): bigint[] =>
    members
      .filter((member) => member.isLearner === learners)
      .map((member) => member.id)
      .sort((a, b) => (a < b ? -1 : 1));
  return members.length === 0 ? undefined : { ...emptyConfState, voters: ids(false), learners: ids(true) };
}
