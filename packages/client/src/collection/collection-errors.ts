/** Failures of collections. */

/** The document is not what the caller believed: it was changed, created or deleted by somebody else. Nothing was written. */
export class ConflictError extends Error {
  override readonly name = "ConflictError";
  /** Within the collection. */
  readonly id: string;
  /** The revision at which it was last changed; 0 when it does not exist. */
  readonly actualRevision: bigint;

  constructor(id: string, actualRevision: bigint) {
    super(
      actualRevision === 0n ? `"${id}" does not exist` : `"${id}" was changed at revision ${actualRevision}`,
    );
    this.id = id;
    this.actualRevision = actualRevision;
  }
}

/** Others changed the document at each attempt of an update. Nothing was written. */
export class UpdateConflictError extends Error {
  override readonly name = "UpdateConflictError";
  readonly id: string;
  readonly attempts: number;

  constructor(id: string, attempts: number) {
    super(`"${id}" was changed by others at each of ${attempts} attempts`);
    this.id = id;
    this.attempts = attempts;
  }
}
