/** Write-ahead log, RocksDB engine, data directory. */

// Failures
export { CorruptionError, OperationalError } from "./errors.js";
export type { StorageErrorCode } from "./errors.js";

// The directory of a member
export { DataDir, openDataDir } from "./data-dir.js";
export { DirectoryLock } from "./directory-lock.js";

// The log
export { createWal, openWal, walExists } from "./wal/create-wal.js";
export type { OpenedWal } from "./wal/create-wal.js";
export { readLog } from "./wal/log-contents.js";
export type { LogContents, LogStart } from "./wal/log-contents.js";
export { defaultWalLimits } from "./wal/limits.js";
export type { WalLimits } from "./wal/limits.js";
export type { WalMetadata, WalSnapshot } from "./wal/record.js";
export type { Wal } from "./wal/wal.js";
export type { AppendDone, WalBatch } from "./wal/wal-writer.js";

// The disk under the log
export type { File, FileSystem, OpenMode, WriteDone } from "./vfs/file-system.js";
export { MemoryFiles, systemError } from "./vfs/memory-files.js";
export { NodeFiles } from "./vfs/node-files.js";

// The engine
export { RocksEngine } from "./rocks/rocks-engine.js";
export { WorkerEngine } from "./rocks/worker-engine.js";

// Databases as files: backups, and what the leader sends
export { checkDatabaseFile, DatabaseFile, openDatabaseFile } from "./snapshot/database-file.js";
export { StateWatcher } from "./snapshot/database-rows.js";
export type { DatabaseState, RowOverride } from "./snapshot/database-rows.js";
export { writeDatabaseFile } from "./snapshot/write-database.js";
export type { DatabaseFileSource, WrittenDatabase } from "./snapshot/write-database.js";
export { importDatabase } from "./snapshot/import-database.js";
export type { DatabaseImport, ImportedDatabase } from "./snapshot/import-database.js";
export { hashDatabaseFile } from "./snapshot/database-hash.js";
export { FILES_MAX as SPOOL_FILES_MAX, SnapshotSpool } from "./snapshot/snapshot-spool.js";
export type { SnapshotSpoolParts, SpooledDatabase } from "./snapshot/snapshot-spool.js";

// Data of etcd
export { takeOverDatabase } from "./snapshot/take-over.js";
export type { TakenOver, TakeOver } from "./snapshot/take-over.js";
export { readSnapFile } from "./snapshot/snap-file.js";
export type { SnapFile } from "./snapshot/snap-file.js";
export { formatV2Snapshot, parseV2Snapshot } from "./snapshot/v2-store.js";
export type { V2State } from "./snapshot/v2-store.js";
