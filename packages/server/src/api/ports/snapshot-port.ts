/** Port: the database as a file of etcd's format, for Maintenance.Snapshot. */
export interface DatabaseDownload {
  /** Bytes of the database, without the checksum that the service appends. */
  readonly sizeBytes: number;
  /** Storage version, as `3.7.0`. */
  readonly version: string;
  /** The whole file in order, in pieces of any size. Read once. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Gives up or ends the download: the file behind it may go. Call exactly once. */
  release(): void;
}

export interface SnapshotPort {
  /** Writes the database, as of now, to a file and opens it. Serving goes on meanwhile. */
  openDatabase(): Promise<DatabaseDownload>;
}
