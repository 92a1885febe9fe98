/** Clients that ask who belongs to the cluster, over and over; the answers have to be one history. */
import { etcdserverpb } from "@quorate/proto";
import { checkMemberLists, type MemberListing } from "./check-member-lists.js";
import { CALL_MS_MAX, Crew, type Worker } from "./crew.js";
import type { Workload, WorkloadVerdict, WorkloadWorld } from "./world.js";

const LISTINGS_MAX = 20_000;

export class MemberLists implements Workload {
  readonly name = "member-lists";
  readonly listings: MemberListing[] = [];
  readonly #world: WorkloadWorld;
  readonly #crew: Crew;

  constructor(world: WorkloadWorld, options: { seed: number; workerCount: number; pauseMs: number }) {
    this.#world = world;
    this.#crew = new Crew(world, { name: "members", ...options });
  }

  get operationCount(): number {
    return this.listings.length;
  }

  get isQuiet(): boolean {
    return this.#crew.isQuiet;
  }

  start(): void {
    this.#crew.start((worker) => this.#ask(worker));
  }

  end(): void {
    this.#crew.end();
  }

  judge(): Promise<WorkloadVerdict> {
    return Promise.resolve({ violations: checkMemberLists(this.listings), limits: [] });
  }

  async #ask(worker: Worker): Promise<void> {
    if (this.listings.length >= LISTINGS_MAX) return;
    worker.wander();
    const startMs = this.#world.nowMs;
    const { memberList } = etcdserverpb.Cluster.method;
    const answer = await worker.client().call(memberList, { linearizable: true }, CALL_MS_MAX);
    if (!answer.ok) return worker.moveOn();
    const members = answer.message.members.map(({ ID, isLearner }) => ({ id: ID.toString(16), isLearner }));
    this.listings.push({ members, startMs, endMs: this.#world.nowMs });
  }
}
