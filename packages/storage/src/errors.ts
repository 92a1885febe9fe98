/**
 * The two ways storage fails. A disk that refuses is an `OperationalError`; a disk that lies is a `CorruptionError`, which
 * nobody handles: the member stops, and the operator reads the file, the offset and what to do.
 */
export type StorageErrorCode =
  /** The device or the quota is full. */
  | "no-space"
  /** RocksDB read other bytes than it had written; the message names the file. Nothing that it read is given out. */
  | "corrupt"
  /** Any other failure of the operating system or of RocksDB. */
  | "io"
  /** The object was closed, or is closing. */
  | "closed"
  /** Another living process holds the directory. */
  | "locked"
  /** The directory belongs to something else, or to another member. */
  | "foreign"
  /** A queue is full; the caller goes faster than the disk. */
  | "overloaded"
  /** What was asked for is not there (a snapshot record, a segment, a file). */
  | "missing";

/** The world failed. `retryable` tells whether the same call may succeed later without anybody's help. */
export class OperationalError extends Error {
  override readonly name = "OperationalError";
  readonly code: StorageErrorCode;
  readonly retryable: boolean;

  constructor(code: StorageErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.retryable = code === "locked" || code === "overloaded";
  }
}

/** What was read is not what was written. `offset` is in bytes from the start of `file`. */
export class CorruptionError extends Error {
  override readonly name = "CorruptionError";
  readonly file: string;
  readonly offset: number;

  constructor(file: string, offset: number, message: string) {
    super(`${file} at byte ${offset}: ${message}`);
    this.file = file;
    this.offset = offset;
  }
}

/** RocksDB hands the operating system's reason on as text only; this is the C library's text for ENOSPC. */
const NO_SPACE_TEXT = "No space left on device";

/** RocksDB tells of damage in text only too: of a block or a record, of the end of a table, of the list of files. */
const DAMAGE_TEXT =
  /checksum mismatch|may be corrupted|Corrupt or unsupported|truncated block|bad block|bad table magic/i;
const DAMAGE_ADVICE =
  "a file of the database was damaged after it had been written: remove this member from its cluster and add it anew " +
  "with an empty folder, or restore a backup";

/** Wraps what Node or RocksDB threw. The code of the operating system decides; where there is none, RocksDB's text does. */
export function toOperationalError(error: unknown, doing: string): OperationalError {
  if (error instanceof OperationalError) return error;
  const code = errnoOf(error);
  const reason = reasonOf(error);
  const full =
    code === "ENOSPC" || code === "EDQUOT" || (code === undefined && reason.includes(NO_SPACE_TEXT));
  if ((code === undefined || code === "EIO") && DAMAGE_TEXT.test(reason))
    return new OperationalError("corrupt", `${doing}: ${reason}; ${DAMAGE_ADVICE}`, error);
  return new OperationalError(
    full ? "no-space" : code === "ENOENT" ? "missing" : "io",
    `${doing}: ${reason}`,
    error,
  );
}

/** What happened and why: the binding's own message ("Batch was not applied") says nothing without its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const causes =
    error instanceof AggregateError ? error.errors.filter((each) => each !== null) : [error.cause];
  const first: unknown = causes.find((cause) => cause !== undefined);
  return first === undefined ? error.message : `${error.message}: ${reasonOf(first)}`;
}

/** The `code` of a system error (`ENOENT`, `EEXIST`, ...), its own or its cause's. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  return errnoOf(error.cause);
}
