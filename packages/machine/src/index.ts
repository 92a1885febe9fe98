/** The replicated state machine. */
export type { Alarm } from "./apply/alarm.js";
export type { ApplyOutcome, DeferredBody, ResponseBody } from "./apply/outcome.js";
export type { RefusalCode } from "./apply/refusal.js";
export type { ReadView, Slot, StoreReads, StoreWrites } from "./mvcc/store-api.js";
export { LATEST, NO_SLOT } from "./mvcc/store-api.js";
export type { RowSink } from "./apply/cluster-port.js";
export { CLUSTER_TABLES, ClusterRecord } from "./membership/cluster-record.js";
export { formatMember, parseMember } from "./membership/member-json.js";
export type { ChangedMember, Member } from "./membership/member-json.js";
export type { MembershipChange, MembershipRefusal } from "./membership/membership.js";
export { CorruptionError } from "./mvcc/corruption-error.js";
export type { Engine, EngineChunk } from "./mvcc/engine.js";
export { MemoryEngine } from "./mvcc/memory-engine.js";
export { Store } from "./mvcc/store.js";
export type { StoreOptions, StoreStatistics } from "./mvcc/store.js";
export type {
  CommitListener,
  HashKvResult,
  ScanVisitor,
  StoreDriver,
  TableChunk,
  TableName,
} from "./mvcc/store-api.js";
export { TABLE_NAMES, tableBounds, tableKey } from "./mvcc/table-keys.js";
export { createRevisionKey } from "./mvcc/revision-key.js";
