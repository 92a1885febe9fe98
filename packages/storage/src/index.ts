/** Write-ahead log, RocksDB engine, data directory. */
export {};
