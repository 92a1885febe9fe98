/** Random writes, compactions and leases at members chosen by chance, with no regard to what they answer. */
import { GrpcStatus } from "@quorate/proto";
import { Prng } from "@quorate/std";
import { Generator } from "../differential/generator.js";
import { knownOutcome } from "../differential/known-outcome.js";
import { METHODS } from "../differential/operation.js";
import type { PlacedMember } from "../faults/placed-member.js";
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
