/**
 * Checksums of what compactions left: each is HashKV at the compaction's revision, with C of the compaction before it. They
 * let members compare histories whose details are gone. The newest `HASHES_MAX` are remembered.
 *
 * A compaction that is to be hashed frees nothing until its hash has been computed: a read view at the previous C holds it
 * back. One that begins before the previous one finished is not hashed, because its rows would tell of both.
 */
import type { Compactor } from "./compactor.js";
import type { ReadViews } from "./read-views.js";
import type { KvHash, ReadView } from "./store-api.js";

const HASHES_MAX = 10;

interface Prepared {
  readonly revision: number;
  readonly compactRevision: number;
  readonly view: ReadView;
}

export class CompactionHashes {
  readonly #hashes: KvHash[] = [];
  #prepared: Prepared | undefined = undefined;
  #isRunning = false;

  /** Called just before `compactor` moves to `revision`. */
  prepare(compactor: Compactor, revision: number, views: ReadViews): void {
    const compactRevision = compactor.revision;
    if (this.#prepared !== undefined || compactor.finished !== compactRevision) return;
    this.#prepared = { revision, compactRevision, view: views.open(compactRevision) };
  }

  /** Computes the prepared hash by `compute`; undefined when none is prepared, or when it is being computed. */
  run(compute: (revision: number, compactRevision: number) => Promise<number>): Promise<KvHash> | undefined {
    const prepared = this.#prepared;
    if (prepared === undefined || this.#isRunning) return undefined;
    this.#isRunning = true;
    return this.#run(prepared, compute);
  }

  async #run(
    { revision, compactRevision, view }: Prepared,
    compute: (revision: number, compactRevision: number) => Promise<number>,
  ): Promise<KvHash> {
    try {
      const hash = await compute(revision, compactRevision);
      const entry: KvHash = { kind: "hash", hash, revision, compactRevision };
      this.#hashes.push(entry);
      if (this.#hashes.length > HASHES_MAX) this.#hashes.shift();
      return entry;
    } finally {
      this.#isRunning = false;
      this.#prepared = undefined;
      view.release();
    }
  }

  /** All remembered, oldest first. */
  get all(): readonly KvHash[] {
    return this.#hashes;
  }

  find(revision: number): KvHash | undefined {
    return this.#hashes.find((entry) => entry.revision === revision);
  }
}
