/** What the client is on every runtime. */

// The client
export { Client, connectClient, TIMEOUT_MS } from "./client.js";
export type { ClientOptions, ClientPorts } from "./client.js";
export type { CallOptions, Calls, CallSafety } from "./calls.js";
export type { LogFields, Logger } from "./logger.js";

// Keys and values
export { bytes, json, utf8 } from "./codec/codec.js";
export type { LeaseOption } from "./kv/lease-id.js";
export { DecodeError, type EncodedPair } from "./codec/decode-value.js";
export type { Codec, WithCodec, WithoutCodec } from "./codec/codec.js";
export type { Kv } from "./kv/kv.js";
export { keyBytes, prefixEnd } from "./kv/key-range.js";
export type { Key, KeyRange } from "./kv/key-range.js";
export type { KeyMetadata, KeyValue } from "./kv/key-value.js";
export type {
  DeleteOptions,
  DeleteResult,
  GetAllOptions,
  GetOptions,
  PutOptions,
  PutResult,
  RangeOptions,
  RangeResult,
  ReadOptions,
  ScanOptions,
  SortBy,
  WithPreviousCodec,
} from "./kv/kv-options.js";

// Transactions: conditions and operations
export {
  createRevision,
  exists,
  lease,
  missing,
  modRevision,
  NumberComparison,
  value,
  ValueComparison,
  version,
} from "./txn/conditions.js";
export type { Condition } from "./txn/conditions.js";
export { get, getAll, put, remove } from "./txn/operations.js";
export type {
  GetAllOperationOptions,
  GetOperationOptions,
  Operation,
  PutOperationOptions,
  RemoveOperationOptions,
  Results,
} from "./txn/operations.js";
export type { TxnBuilder, TxnResult } from "./txn/txn-builder.js";

// Watches
export type { Watch } from "./watch/watch.js";
export type { DeleteEvent, PutEvent, WatchBatch, WatchEvent, WatchOptions } from "./watch/watch-types.js";
export { watchRefusalText, watchTokenRefusal } from "./watch/refusal.js";
export { WAITING_BYTES_MAX, WAITING_EVENTS_MAX, WATCHES_PER_STREAM_MAX } from "./watch/limits.js";

// Leases, locks, elections, software transactions, caches, collections
export * from "./recipes.js";

// The cluster and its members
export type { Cluster, ClusterMember, MemberAddOptions } from "./cluster/cluster.js";
export type { Alarm, AlarmKind, KvHash, Maintenance, MemberStatus } from "./maintenance/maintenance.js";
export type { CreateDigest, Digest, Snapshot } from "./maintenance/read-snapshot.js";
export type { Access, Auth, Permission } from "./auth/auth.js";
export { formatHexId, parseHexId } from "@quorate/proto";

// Errors
export {
  ClosedError,
  CompactedError,
  DeadlineError,
  hasReason,
  PermissionError,
  QuorateError,
  UnavailableError,
  UnknownOutcomeError,
} from "./errors/errors.js";
export type { ErrorDetails } from "./errors/errors.js";

// Transports
export type {
  BidiStream,
  Channel,
  ChannelCallOptions,
  ChannelError,
  Metadata,
  Transport,
} from "./transport.js";
