/** Random writes, compactions and leases at members chosen by chance, with no regard to what they answer. */
import { GrpcStatus } from "@quorate/proto";
import type { etcdserverpb } from "@quorate/proto";
import { Prng } from "@quorate/std";
import { Generator } from "../differential/generator.js";
import { knownOutcome } from "../differential/known-outcome.js";
import { METHODS } from "../differential/operation.js";
import type { Operation } from "../differential/operation.js";
import type { PlacedMember } from "../faults/placed-member.js";
import { isOlder } from "../harness/etcd-version.js";
import type { TestCluster } from "./test-cluster.js";

const CALL_MS_MAX = 10_000;
/** So many calls are on their way at any time: entries have to arrive in batches. */
const LANES = 8;

interface HeaderLike {
  readonly header?: { readonly revision: bigint };
}

export class RandomHistory {
  readonly #cluster: TestCluster;
  readonly #prng: Prng;
  readonly #generator: Generator;
  readonly #oldestVersion: string;
  #revision = 1;
  #compacted = -1;
  /** Calls that ended well so far. */
  acknowledged = 0;

  /** @param oldestVersion of the members, whose defects operations keep away from. */
  constructor(cluster: TestCluster, seed: number, oldestVersion: string) {
    this.#cluster = cluster;
    this.#prng = new Prng(seed);
    this.#generator = new Generator(this.#prng, { grantsLeases: true });
    this.#oldestVersion = oldestVersion;
  }

  /** @throws when none of the calls was acknowledged, which no fault of a minority excuses. */
  async play(count: number): Promise<void> {
    const before = this.acknowledged;
    let left = count;
    const lane = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await this.#step();
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    if (this.acknowledged === before) throw new Error(`none of ${count} calls was acknowledged`);
  }

  async #step(): Promise<void> {
    const view = { revision: this.#revision, compacted: this.#compacted, settled: false };
    const operation = this.#generator.next(view);
    if (knownOutcome(operation, this.#oldestVersion) !== undefined) return;
    if (isOlder(this.#oldestVersion, "3.6.0") && readsThePast(operation)) return;
    const member = this.#pick();
    const outcome = await member.client.call(METHODS[operation.kind], operation.request, CALL_MS_MAX);
    if (!outcome.ok) {
      // Anything else is an answer, such as that a lease is unknown.
      if (outcome.code !== GrpcStatus.Unavailable && outcome.code !== GrpcStatus.DeadlineExceeded) {
        this.acknowledged += 1;
      }
      return;
    }
    this.acknowledged += 1;
    const revision = Number((outcome.message as HeaderLike).header?.revision ?? 0n);
    this.#revision = Math.max(this.#revision, revision);
    if (operation.kind === "compact")
      this.#compacted = Math.max(this.#compacted, Number(operation.request.revision));
  }

  #pick(): PlacedMember {
    return this.#prng.pick(this.#cluster.members.filter(({ isAwake }) => isAwake));
  }
}

/**
 * A transaction that writes and reads at a revision of its own. Where that revision is gone or still to come, members of etcd 3.4
 * do not agree on whether the transaction was carried out.
 */
function readsThePast(operation: Operation): boolean {
  return operation.kind === "txn" && hasPastRange(operation.request);
}

function hasPastRange({ success, failure }: etcdserverpb.TxnRequest): boolean {
  return [...success, ...failure].some(({ request }) => {
    if (request.case === "requestRange") return request.value.revision !== 0n;
    return request.case === "requestTxn" && hasPastRange(request.value);
  });
}
