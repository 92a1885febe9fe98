/** Leases, locks, elections, software transactions, caches and collections: what their rooms export. */

// Leases and sessions
export { Lease } from "./lease/lease.js";
export { LeaseLostError } from "./lease/lease-errors.js";
export type { LeaseLoss } from "./lease/lease-errors.js";
export { Leases } from "./lease/leases.js";
export type { LeaseGrantOptions, LeaseTimes } from "./lease/leases.js";
export { Session, SESSION_TTL_SECONDS } from "./session/session.js";
export type { SessionOptions } from "./session/session.js";

// Locks
export { AcquireTimeoutError, OwnershipLostError } from "./lock/lock-errors.js";
export { Lock, UnlockedError } from "./lock/lock.js";
export type { LockRequest } from "./lock/lock.js";
export type { WaitOptions } from "./lock/hold.js";
export type { LockOptions } from "./session/recipes.js";

// Elections
export { Election } from "./election/election.js";
export type { Leader, SessionElectionOptions } from "./election/election.js";
export { Leadership, ResignedError } from "./election/leadership.js";
export type { ElectionOptions } from "./session/recipes.js";

// Software transactions
export { STM_ATTEMPTS_MAX, StmConflictError } from "./stm/stm-options.js";
export type { Isolation, StmOptions, StmOutcome } from "./stm/stm-options.js";
export { StmTransaction } from "./stm/transaction.js";
export type { StmPutOptions } from "./stm/transaction.js";

// Local copies
export { Cache, CACHE_BYTES_MAX, CACHE_ENTRIES_MAX, CACHE_PAGE_ROWS } from "./cache/cache.js";
export type { CacheOptions } from "./cache/cache.js";
export { CacheEntry } from "./cache/cache-entry.js";
export { CacheClosedError, CacheNotSyncedError, CacheOverflowError } from "./cache/cache-errors.js";
export { CacheSnapshot } from "./cache/cache-snapshot.js";
export type { CacheChange } from "./cache/change-queue.js";

// Collections
export { Collection, UPDATE_ATTEMPTS_MAX } from "./collection/collection.js";
export type {
  CollectionEvent,
  DeleteDocumentOptions,
  ListDocumentsOptions,
  UpdateOptions,
  WatchCollectionOptions,
  WriteOptions,
} from "./collection/collection.js";
export { ConflictError, UpdateConflictError } from "./collection/collection-errors.js";
export type { Document } from "./collection/document.js";
