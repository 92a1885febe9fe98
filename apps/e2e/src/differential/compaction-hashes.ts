/**
 * Hashes of the store at revisions that were compacted later, as they were before.
 *
 * A compaction computes the hash at its revision on the way and keeps it; asked for that revision afterwards, a server
 * answers with the kept hash and the compaction that was the last one before.
 */
import type { Message, etcdserverpb } from "@quorate/proto";

export class CompactionHashes {
  readonly #byRevision = new Map<bigint, etcdserverpb.HashKVResponse>();
  readonly #kept = new Map<bigint, etcdserverpb.HashKVResponse>();

  /** @param asked the revision of the request, 0 for the latest. */
  remember(asked: bigint, message: Message): void {
    const response = message as etcdserverpb.HashKVResponse;
    this.#byRevision.set(asked === 0n ? (response.header?.revision ?? 0n) : asked, response);
  }

  /** Marks what is remembered at `revision` as kept. What was remembered about lower revisions is history. */
  compact(revision: number): void {
    const response = this.#byRevision.get(BigInt(revision));
    if (response !== undefined) this.#kept.set(BigInt(revision), response);
    this.#byRevision.clear();
  }

  wasCompactedAt(revision: bigint): boolean {
    return this.#kept.has(revision);
  }

  /** Whether `message` is the kept hash at `revision`. */
  explains(revision: bigint, message: Message): boolean {
    const kept = this.#kept.get(revision);
    const { hash, compactRevision, hashRevision } = message as etcdserverpb.HashKVResponse;
    if (kept === undefined || hashRevision !== revision) return false;
    return hash === kept.hash && compactRevision === kept.compactRevision;
  }
}
