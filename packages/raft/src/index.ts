/** The consensus core: step, tick, ready. */
export { RawNode } from "./raw-node.js";
export type { StepOutcome } from "./core/raft.js";
export type { Peer } from "./core/start.js";
export type { BasicStatus, QueueStatus, Status } from "./status.js";
export { READS_WAITING_MAX } from "./core/read-only.js";
export type { ProgressState, ProgressView } from "./tracker/progress.js";
export { MemoryLogStorage } from "./memory-log-storage.js";
export { checkConfig } from "./types/config.js";
export type { CheckedConfig, Config, ReadOnlyOption } from "./types/config.js";
export type { EventSink, RaftEvent } from "./events/event.js";
export { describeEvent } from "./events/describe-event.js";
export type { EventLevel, EventLine } from "./events/describe-event.js";
export { describeEntry, describeMessage, describeMessageType, describeReady } from "./describe.js";
export { decodeConfChange, encodeConfChange } from "./confchange/codec.js";
export { toConfChangeV2 } from "./confchange/conf-change.js";
export { EntryType, createEntry, emptyBytes, entriesBytes, entryBytes } from "./types/entry.js";
export type { Entry } from "./types/entry.js";
export {
  LOCAL_APPEND_THREAD,
  LOCAL_APPLY_THREAD,
  MessageType,
  NONE,
  createMessage,
  isLocalMessage,
  isLocalTarget,
  isResponseMessage,
} from "./types/message.js";
export type { Message, MessageFields } from "./types/message.js";
export { emptyHardState, emptySnapshot, hardStatesEqual, isEmptyHardState } from "./types/snapshot.js";
export type { HardState, Snapshot, SnapshotMetadata } from "./types/snapshot.js";
export { ConfChangeTransition, ConfChangeType, emptyConfState } from "./types/conf-change.js";
export type { ConfChange, ConfChangeSingle, ConfChangeV2, ConfState } from "./types/conf-change.js";
export type { Compacted, InitialState, LogStorage, Unavailable } from "./types/log-storage.js";
export { StateRole } from "./types/ready.js";
export type { ReadState, Ready, SoftState } from "./types/ready.js";
