/** Failures of local copies. */

/** The copy would have become larger than its options allow. It has stopped and holds nothing. */
export class CacheOverflowError extends Error {
  override readonly name = "CacheOverflowError";
  /** What was exceeded. */
  readonly limit: "entriesMax" | "bytesMax";

  constructor(limit: "entriesMax" | "bytesMax", value: number) {
    super(`the copy exceeds ${limit}=${value}`);
    this.limit = limit;
  }
}

/** The copy was read before the first list of its keys was complete: await `cache.synced`. */
export class CacheNotSyncedError extends Error {
  override readonly name = "CacheNotSyncedError";

  constructor() {
    super("the copy is not complete yet; await its `synced`");
  }
}

/** The copy was closed, or its client was. */
export class CacheClosedError extends Error {
  override readonly name = "CacheClosedError";

  constructor() {
    super("the copy is closed");
  }
}
