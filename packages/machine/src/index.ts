/** The replicated state machine. */
// Applying entries
export type { Alarm, AlarmType } from "./apply/alarm.js";
export { ALARM_CORRUPT, ALARM_NONE, ALARM_NOSPACE } from "./apply/alarm.js";
export { AlarmSet, encodeAlarm } from "./apply/alarm-set.js";
export type { AlarmRowSink } from "./apply/alarm-set.js";
export { Applier } from "./apply/applier.js";
export type { ApplierOptions } from "./apply/applier.js";
export { createOperationCounts } from "./apply/operation-counts.js";
export type { OperationCounts } from "./apply/operation-counts.js";
export type { ClusterState } from "./apply/cluster-port.js";
export { encodeV2Put, v2RequestId } from "./apply/v2-request.js";
export { NO_LEASES } from "./apply/lessor-port.js";
export type { LeaseAttachments, LeaseFacts, LeaseTable } from "./apply/lessor-port.js";
// Leases
export { LEASE_TTL_SECONDS_MAX, minLeaseTtlSeconds } from "./lease/lease.js";
export { Lessor } from "./lease/lessor.js";
export type { LeaseCheckpoint, LessorOptions, Renewal } from "./lease/lessor.js";
export { LEASE_REVOKES_PER_SECOND } from "./lease/promotion.js";
export { restoreAttachments } from "./lease/restore-attachments.js";
export { LEASE_GRANT_COST_BYTES, hasRoom, putCost, txnCost } from "./apply/quota.js";
export type { Space } from "./apply/quota.js";
// Users, roles and permissions
export { bytesOf, byteStringOf } from "./auth/byte-string.js";
export { encodeBase64 } from "./auth/base64.js";
export { AUTH_TABLES, AuthStore, NOBODY } from "./auth/auth-store.js";
export type { Identity, Need } from "./auth/auth-store.js";
export { ENABLED_KEY, REVISION_KEY, encodeRevision } from "./auth/auth-row.js";
export type { Role, User } from "./auth/auth-row.js";
export { NO_TOKENS } from "./auth/auth-tokens.js";
export type { AuthTokens, IssuedToken, Login, PasswordOf } from "./auth/auth-tokens.js";
export type { IntervalBytes, KeyBytes } from "./auth/key-ranges.js";
export { checkLeasePermission, checkTxnPermission } from "./auth/request-checks.js";
export type { AttachedKeySource, Judge } from "./auth/request-checks.js";
export { ROOT_ROLE, ROOT_USER } from "./auth/user-permissions.js";
// Reading
export { RangeReader } from "./apply/range-reader.js";
export type { RangeAnswer } from "./apply/range-reader.js";
export { hasFilters } from "./apply/range-run.js";
export { RangeStream } from "./apply/range-stream.js";
export type { RangeChunk } from "./apply/range-stream.js";
export { TxnReader } from "./apply/txn-reader.js";
export type { TxnAnswer } from "./apply/txn-reader.js";
export type { Turns } from "./apply/turn-sort.js";
// Requests, entries and replies as bytes
export {
  EntryEncoder,
  EntryView,
  OPERATION,
  RequestIds,
  decodeEntry,
  entrySize,
  requestIdPrefix,
} from "./apply/wire/entry.js";
export type { EntryHeader } from "./apply/wire/entry.js";
export {
  CompactionView,
  DeleteView,
  PutView,
  RangeView,
  SORT_ORDER_ASCEND,
  SORT_ORDER_DESCEND,
  SORT_ORDER_NONE,
  SORT_TARGET_KEY,
  SORT_TARGET_VALUE,
  decodeCompaction,
  decodeDelete,
  decodePut,
  decodeRange,
  isOpenEnded,
  isPoint,
} from "./apply/wire/request-views.js";
export { CompareView, TxnNode, decodeTxn } from "./apply/wire/txn-nodes.js";
export type { OpNode } from "./apply/wire/txn-nodes.js";
export { WireError, WireReader } from "./apply/wire/wire-reader.js";
export { WireWriter, varintSize, writeVarint, writeVarintWords } from "./apply/wire/wire-writer.js";
export type { ApplyOutcome, DeferredBody, ResponseBody } from "./apply/outcome.js";
export type { RefusalCode } from "./apply/refusal.js";
export type { ReadView, Slot, StoreReads, StoreWrites } from "./mvcc/store-api.js";
export { LATEST, NO_SLOT } from "./mvcc/store-api.js";
export type { RowSink } from "./apply/cluster-port.js";
export { CLUSTER_TABLES, CONF_STATE_KEY, ClusterRecord } from "./membership/cluster-record.js";
export { formatConfState, parseConfState } from "./membership/conf-state-json.js";
export { formatMember, parseMember } from "./membership/member-json.js";
export type { ChangedMember, Member } from "./membership/member-json.js";
export { Membership } from "./membership/membership.js";
export type { MembershipChange, MembershipRefusal } from "./membership/membership.js";
export { CorruptionError } from "./mvcc/corruption-error.js";
export type { Engine, EngineChunk } from "./mvcc/engine.js";
export { MemoryEngine } from "./mvcc/memory-engine.js";
export { Store } from "./mvcc/store.js";
export type { StoreOptions, StoreStatistics } from "./mvcc/store-options.js";
export type {
  CommitListener,
  HashKvResult,
  KvHash,
  ScanVisitor,
  StoreDriver,
  TableChunk,
  TableName,
} from "./mvcc/store-api.js";
export { TABLE_NAMES, tableBounds, tableKey } from "./mvcc/table-keys.js";
export { createRevisionKey } from "./mvcc/revision-key.js";
// Watching
export { HEADROOM_BYTES } from "./watch/limits.js";
export { WatchHub } from "./watch/watch-hub.js";
export type { WatchHubOptions, WatchHubStatistics, WatchedStore } from "./watch/watch-hub.js";
export { NO_WATCH_ID } from "./watch/watch-sink.js";
export type { WatchBody, WatchId, WatchSink } from "./watch/watch-sink.js";
export type { WatchCreated, WatchRefusal, WatchSpec, WatchStream } from "./watch/watch-stream.js";
