/**
 * Stable text of messages, entries and Readies, for goldens and for debugging. The forms are upstream's, character by
 * character, because its scripts are our goldens. Node ids are hexadecimal where upstream prints them so.
 * Source: upstream util.go, the Describe functions.
 */
import { decodeConfChange } from "./confchange/codec.js";
import { toConfChangeV2 } from "./confchange/conf-change.js";
import {
  type ConfChangeSingle,
  ConfChangeTransition,
  ConfChangeType,
  type ConfChangeV2,
  type ConfState,
} from "./types/conf-change.js";
import { type Entry, EntryType } from "./types/entry.js";
import { LOCAL_APPEND_THREAD, LOCAL_APPLY_THREAD, type Message, MessageType, NONE } from "./types/message.js";
import type { Ready, SoftState } from "./types/ready.js";
import { type HardState, type Snapshot, isEmptyHardState } from "./types/snapshot.js";

/** From the number back to the name of a constant. */
function namesOf(constants: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(constants).map(([name, value]) => [value, name]));
}
const messageTypeNames = namesOf(MessageType);
const entryTypeNames = namesOf(EntryType);
const changeTypeNames = namesOf(ConfChangeType);
const transitionNames = namesOf(ConfChangeTransition);

export function describeMessageType(type: MessageType): string {
  return messageTypeNames.get(type) ?? `MessageType(${type})`;
}

/** Data in double quotes, with escapes for everything that is not printable ASCII. */
export function quoteBytes(data: Uint8Array): string {
  const escapes: Readonly<Record<string, string>> = {
    '"': '\\"',
    "\\": "\\\\",
    "\n": "\\n",
    "\t": "\\t",
    "\r": "\\r",
  };
  let text = "";
  for (const byte of data) {
    const char = String.fromCharCode(byte);
    const printable = byte >= 0x20 && byte < 0x7f;
    text += escapes[char] ?? (printable ? char : `\\x${byte.toString(16).padStart(2, "0")}`);
  }
  return `"${text}"`;
}

export function describeHardState(state: HardState): string {
  const vote = state.vote === 0n ? "" : ` Vote:${state.vote}`;
  return `Term:${state.term}${vote} Commit:${state.commit}`;
}

export function describeSoftState(state: SoftState): string {
  return `Lead:${state.lead} State:${state.role}`;
}

export function describeConfState(state: ConfState): string {
  const list = (ids: readonly bigint[]): string => `[${ids.join(" ")}]`;
  return (
    `Voters:${list(state.voters)} VotersOutgoing:${list(state.votersOutgoing)} ` +
    `Learners:${list(state.learners)} LearnersNext:${list(state.learnersNext)} AutoLeave:${state.autoLeave}`
  );
}

export function describeSnapshot(snapshot: Snapshot): string {
  const { index, term, confState } = snapshot.metadata;
  return `Index:${index} Term:${term} ConfState:${describeConfState(confState)}`;
}

/** `v1 l2 r3 u4`: voter, learner, remove, update. */
export function describeChanges(changes: readonly ConfChangeSingle[]): string {
  const letters: Readonly<Record<ConfChangeType, string>> = {
    [ConfChangeType.ConfChangeAddNode]: "v",
    [ConfChangeType.ConfChangeAddLearnerNode]: "l",
    [ConfChangeType.ConfChangeRemoveNode]: "r",
    [ConfChangeType.ConfChangeUpdateNode]: "u",
  };
  return changes.map((change) => `${letters[change.type]}${change.nodeId}`).join(" ");
}

/** A change in full, as the log lines print it. */
export function describeConfChange(change: ConfChangeV2): string {
  let text = `transition:${transitionNames.get(change.transition)}`;
  for (const single of change.changes) {
    text += ` changes:{type:${changeTypeNames.get(single.type)} node_id:${single.nodeId}}`;
  }
  return change.context.length === 0 ? text : `${text} context:${quoteBytes(change.context)}`;
}

/** `term/index EntryType data`. */
export function describeEntry(entry: Entry): string {
  const detail = describeEntryData(entry);
  const head = `${entry.term}/${entry.index} ${entryTypeNames.get(entry.type)}`;
  return detail === "" ? head : `${head} ${detail}`;
}

function describeEntryData(entry: Entry): string {
  if (entry.type === EntryType.EntryNormal) return quoteBytes(entry.data);
  const change = decodeConfChange(entry);
  return change === null ? "malformed" : describeChanges(toConfChangeV2(change).changes);
}

/** One line per entry. */
export function describeEntries(entries: readonly Entry[]): string {
  return entries.map((entry) => `${describeEntry(entry)}\n`).join("");
}

/** `1->2 MsgApp Term:1 Log:1/11 Commit:11 Entries:[1/12 EntryNormal "x"]`; what is zero goes unsaid. */
export function describeMessage(message: Message, indent = ""): string {
  const { type, from, to, term, logTerm, index, entries, snapshot } = message;
  let text = `${indent}${describeTarget(from)}->${describeTarget(to)} ${describeMessageType(type)}`;
  text += ` Term:${term} Log:${logTerm}/${index}`;
  if (message.reject) text += ` Rejected (Hint: ${message.rejectHint})`;
  if (message.commit !== 0) text += ` Commit:${message.commit}`;
  if (message.vote !== NONE) text += ` Vote:${message.vote}`;
  if (entries.length === 1) {
    text += ` Entries:[${describeEntry(entries[0] as Entry)}]`;
  } else if (entries.length > 1) {
    text += ` Entries:[${entries.map((entry) => `\n${indent}  ${describeEntry(entry)}`).join("")}\n${indent}]`;
  }
  if (snapshot !== null && snapshot.metadata.index !== 0) {
    text += `\n${indent}  Snapshot: ${describeSnapshot(snapshot)}`;
  }
  if (message.responses.length > 0) {
    const responses = message.responses.map((response) => `\n${describeMessage(response, `${indent}  `)}`);
    text += ` Responses:[${responses.join("")}\n${indent}]`;
  }
  return text;
}

function describeTarget(id: bigint): string {
  if (id === NONE) return "None";
  if (id === LOCAL_APPEND_THREAD) return "AppendThread";
  if (id === LOCAL_APPLY_THREAD) return "ApplyThread";
  return id.toString(16);
}

/** Everything a Ready asks for, one thing per line. */
export function describeReady(ready: Ready): string {
  let text = "";
  if (ready.softState !== null) text += `${describeSoftState(ready.softState)}\n`;
  if (ready.hardState !== null && !isEmptyHardState(ready.hardState)) {
    text += `HardState ${describeHardState(ready.hardState)}\n`;
  }
  if (ready.readStates.length > 0) {
    const states = ready.readStates.map((state) => `{${state.index} [${state.requestContext.join(" ")}]}`);
    text += `ReadStates [${states.join(" ")}]\n`;
  }
  if (ready.entries.length > 0) text += `Entries:\n${describeEntries(ready.entries)}`;
  if (ready.snapshot !== null) text += `Snapshot ${describeSnapshot(ready.snapshot)}\n`;
  if (ready.committedEntries.length > 0) {
    text += `CommittedEntries:\n${describeEntries(ready.committedEntries)}`;
  }
  if (ready.messages.length > 0) {
    text += `Messages:\n${ready.messages.map((message) => `${describeMessage(message)}\n`).join("")}`;
  }
  return text === "" ? "<empty Ready>" : `Ready MustSync=${ready.mustSync}:\n${text}`;
}
