/** Raised when the disk or a peer gives us bytes that cannot be true; nobody handles it: the member stops, loudly. */
export class CorruptionError extends Error {
  override readonly name = "CorruptionError";
}
