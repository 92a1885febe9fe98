/** Gives two servers the same operations one by one and holds their answers together. */
import { create, etcdserverpb } from "@quorate/proto";
import { sleep } from "../harness/member.js";
import type { Member } from "../harness/member.js";
import { WireClient } from "../harness/wire-client.js";
import { reconcile } from "./allowed-differences.js";
import type { Difference } from "./allowed-differences.js";
import { METHODS, describeOperation } from "./operation.js";
import { CompactionHashes } from "./compaction-hashes.js";
import { knownOutcome } from "./known-outcome.js";
import type { Operation } from "./operation.js";
import { describeOutcome, equalOutcomes, maskHeader, revisionOf } from "./outcome.js";
import type { AnyOutcome } from "./outcome.js";
import type { StoreView } from "./operand-source.js";
import { Tally } from "./tally.js";

/** Longer than etcd lets the deletes of a compaction wait for their commit, before which its reads still see the rows. */
const SETTLED_MS = 500;

export class Lockstep {
  readonly tally: Tally = new Tally();
  /** Differences that no rule allows, described; the run goes on past a few of them to show a pattern. */
  readonly findings: string[] = [];
  readonly #subject: WireClient;
  readonly #reference: WireClient;
  readonly #versions: { readonly subject: string; readonly reference: string };
  readonly #members: readonly Member[];
  #view: StoreView = { revision: 1, compacted: -1, settled: false };
  #step = 0;
  readonly #hashes = new CompactionHashes();

  /** @param versions releases of etcd that the two are, or claim to be compatible with. */
  constructor(
    subject: Member,
    reference: Member,
    versions: { readonly subject: string; readonly reference: string },
  ) {
    this.#subject = new WireClient(subject.endpoint);
    this.#reference = new WireClient(reference.endpoint);
    this.#versions = versions;
    this.#members = [subject, reference];
  }

  /** The store as the reference last showed it. */
  get view(): StoreView {
    return this.#view;
  }

  /**
   * Both servers get the operation at the same time; resolves when both have answered.
   * @throws when either of them has ended, with the operation that did it.
   */
  async run(operation: Operation): Promise<void> {
    await this.#hashBefore(operation);
    this.#step += 1;
    const method = METHODS[operation.kind];
    if (knownOutcome(operation, this.#versions.subject) !== undefined) {
      this.tally.add(
        `${operation.kind}: not sent, because a subject of release ${this.#versions.subject} ends at it`,
      );
      return;
    }
    const known = knownOutcome(operation, this.#versions.reference);
    const [subject, reference] = await Promise.all([
      this.#subject.call(method, operation.request).then(maskHeader),
      known ?? this.#reference.call(method, operation.request).then(maskHeader),
    ]);
    for (const member of this.#members) {
      if (!member.isRunning) {
        throw new Error(
          `${member.kind} ended at step ${this.#step}: ${describeOperation(operation)}\n${member.logTail()}`,
        );
      }
    }
    this.tally.count(operation.kind, subject);
    const difference = {
      operation,
      subject,
      reference,
      version: this.#versions.reference,
      hashes: this.#hashes,
    };
    if (!this.#areAlike(difference) && !(await this.#areAlikeOnceSettled(difference))) {
      this.findings.push(
        `step ${this.#step}: ${describeOperation(operation)}\n` +
          `  subject:   ${describeOutcome(operation, subject)}\n` +
          `  reference: ${describeOutcome(operation, reference)}`,
      );
    }
    this.#observe(operation, reference);
  }

  /** The hash at a revision about to be compacted is what servers may answer with afterwards, so it is asked first. */
  async #hashBefore(operation: Operation): Promise<void> {
    if (operation.kind !== "compact") return;
    const { revision } = operation.request;
    if (revision <= this.#view.compacted || revision > this.#view.revision || revision < 1n) return;
    await this.run({ kind: "hash-kv", request: create(etcdserverpb.HashKVRequestSchema, { revision }) });
  }

  close(): void {
    this.#subject.close();
    this.#reference.close();
  }

  #areAlike(difference: Difference): boolean {
    const { operation, subject, reference } = difference;
    if (equalOutcomes(operation, subject, reference)) return true;
    const reconciled = reconcile(difference);
    if (!equalOutcomes(operation, subject, reconciled.reference)) return false;
    for (const name of new Set(reconciled.names)) this.tally.add(`allowed difference: ${name}`);
    return true;
  }

  /**
   * While a compaction is on its way and no key is live, etcd's hash counts rows that the compaction has yet to take. What it
   * answers once that is over is what the subject has to have answered at once.
   */
  async #areAlikeOnceSettled(difference: Difference): Promise<boolean> {
    const { operation } = difference;
    if (operation.kind !== "hash-kv" || this.#view.settled || this.#view.compacted < 1) return false;
    await sleep(SETTLED_MS);
    const settled = await this.#reference.call(METHODS[operation.kind], operation.request).then(maskHeader);
    if (!this.#areAlike({ ...difference, reference: settled })) return false;
    this.tally.add("allowed difference: hash of nothing live before the end of etcd's compaction");
    return true;
  }

  #observe(operation: Operation, outcome: AnyOutcome): void {
    const revision = revisionOf(outcome);
    if (revision === undefined || !outcome.ok) return;
    if (operation.kind === "hash-kv") this.#hashes.remember(operation.request.revision, outcome.message);
    if (operation.kind !== "compact") {
      this.#view = { ...this.#view, revision };
      return;
    }
    const compacted = Number(operation.request.revision);
    this.#hashes.compact(compacted, operation.request.physical);
    this.#view = { revision, compacted, settled: operation.request.physical };
  }
}
