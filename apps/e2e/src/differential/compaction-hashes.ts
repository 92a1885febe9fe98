/**
 * Hashes of the store at revisions that were compacted later.
 *
 * A compaction computes the hash at its revision on the way and keeps it; asked for that revision afterwards, a server
 * answers with the kept hash and the compaction that was the last one before. What is not kept: hashes of compactions that
 * began before the one before them had ended, which is luck unless both were waited for.
 */
import type { Message, etcdserverpb } from "@quorate/proto";

interface KeptHash {
  /** C of the compaction before. */
  readonly compactRevision: bigint;
  /** Every server has it by now. */
  readonly isCertain: boolean;
}

export class CompactionHashes {
  readonly #byRevision = new Map<bigint, etcdserverpb.HashKVResponse>();
  readonly #kept = new Map<bigint, KeptHash>();
  #wasAwaited = true;

  /** @param asked the revision of the request, 0 for the latest. */
  remember(asked: bigint, message: Message): void {
    const response = message as etcdserverpb.HashKVResponse;
    this.#byRevision.set(asked === 0n ? (response.header?.revision ?? 0n) : asked, response);
  }

  /**
   * Marks what is remembered at `revision` as kept. What was remembered about lower revisions is history.
   * @param isAwaited the compaction had ended when it was answered.
   */
  compact(revision: number, isAwaited: boolean): void {
    const response = this.#byRevision.get(BigInt(revision));
    if (response !== undefined) {
      const { compactRevision } = response;
      this.#kept.set(BigInt(revision), { compactRevision, isCertain: isAwaited && this.#wasAwaited });
    }
    this.#wasAwaited = isAwaited;
    this.#byRevision.clear();
  }

  wasCompactedAt(revision: bigint): boolean {
    return this.#kept.has(revision);
  }

  /** Whether every server that keeps hashes has the one at `revision`. */
  isCertain(revision: bigint): boolean {
    return this.#kept.get(revision)?.isCertain ?? false;
  }

  /** Whether `message` is a kept hash at `revision`. */
  explains(revision: bigint, message: Message): boolean {
    const { compactRevision, hashRevision } = message as etcdserverpb.HashKVResponse;
    return hashRevision === revision && compactRevision === this.#kept.get(revision)?.compactRevision;
  }
}
