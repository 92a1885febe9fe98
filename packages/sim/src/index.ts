/** Histories and the checkers that judge them; virtual clocks, networks and disks. */
export { canWrite, hasWritten } from "./history/operation.js";
export type {
  Compare,
  KeyAndValue,
  KvOperation,
  KvOutcome,
  KvRequest,
  KvResult,
  StoredKey,
} from "./history/operation.js";
export type { StoreEvent, WatcherLog, WatchRecord } from "./history/watcher-log.js";
export { Findings, formatVerdict, VIOLATIONS_MAX } from "./history/verdict.js";
export type { Verdict, Violation, ViolationKind } from "./history/verdict.js";
export { describeCounterExample } from "./linearizability/describe.js";
export { SEARCH_LIMITS } from "./linearizability/model.js";
export type { CounterExample, Model, SearchLimits, SearchResult, Timed } from "./linearizability/model.js";
export { REGISTER } from "./linearizability/register.js";
export type { RegisterOperation, RegisterValue } from "./linearizability/register.js";
export { searchOrder } from "./linearizability/search.js";
export { checkOperations } from "./revisions/check-operations.js";
export { StoreHistory } from "./revisions/store-history.js";
export type { RevisionRange } from "./revisions/store-history.js";
export { checkWatcher } from "./watch/check-watcher.js";
export { createKeyModel } from "./revisions/key-model.js";
export type { KeyPlaces, KeyProgress, KeyState, KeyStep } from "./revisions/key-model.js";
export { searchKeys } from "./revisions/search-keys.js";
export type { KeySearch } from "./revisions/search-keys.js";
export { classifyError } from "./load/classify-error.js";
export type { History, Mark, MemberHash, Tally } from "./load/history.js";
export { judge } from "./load/judge.js";
export { callKv, prefixEnd, toBytes, toStoredKey, toStoreEvent } from "./load/key-value-wire.js";
export type { Outcome, WireClient } from "./load/key-value-wire.js";
export { OperationLog, OPERATIONS_MAX } from "./load/operation-log.js";
export { GROUP_KEYS, RequestSource } from "./load/request-source.js";
export type { SeenKeys } from "./load/request-source.js";
export { createWorkload, WORKLOAD_NAMES } from "./scenario/workloads/catalogue.js";
export type { WorkloadName, WorkloadOptions } from "./scenario/workloads/catalogue.js";
export type {
  StreamEvents,
  Workload,
  WorkloadClient,
  WorkloadStream,
  WorkloadVerdict,
  WorkloadWorld,
} from "./scenario/workloads/world.js";
