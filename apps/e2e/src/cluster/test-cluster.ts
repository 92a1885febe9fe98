/**
 * A cluster on loopback whose members may be of different kinds, come, go, and be hurt one by one.
 *
 * A test says what happens; this class waits until the cluster has taken it in, keeps the logs when something failed, and
 * removes everything at the end.
 */
import { etcdserverpb } from "@quorate/proto";
import { findLoopbackPlaces } from "../faults/place.js";
import type { Place } from "../faults/place.js";
import { PlacedMember } from "../faults/placed-member.js";
import { sleep } from "../harness/member.js";
import type { ServerKind } from "../harness/programs.js";
import { readClaims } from "./claims.js";
import type { Claim } from "./claims.js";

const POLL_MS = 50;
const PATIENCE_MS = 60_000;
const CALL_MS_MAX = 10_000;
const { memberAdd, memberPromote, memberRemove } = etcdserverpb.Cluster.method;
const { hashKV, moveLeader } = etcdserverpb.Maintenance.method;

export interface MemberPlan {
  readonly kind: ServerKind;
  readonly name: string;
  readonly flags?: readonly string[];
  /** A folder that holds data already; by default an empty one of the member's own. */
  readonly dataFolder?: string;
  /** By default free ports on loopback. */
  readonly place?: Place;
  /** What members speak with one another; by default plain HTTP. With `https` the flags have to name certificates. */
  readonly peerScheme?: "http" | "https";
}

export interface MemberHash {
  readonly name: string;
  readonly hash: number;
  readonly compactRevision: bigint;
  readonly revision: bigint;
}

export class TestCluster {
  readonly #members = new Map<string, PlacedMember>();
  readonly #past: PlacedMember[] = [];
  #keepsLogs = false;

  private constructor() {}

  /** Members with places and folders of their own, none of them started. */
  static async prepare(plans: readonly MemberPlan[]): Promise<TestCluster> {
    const cluster = new TestCluster();
    for (const plan of plans) await cluster.create(plan);
    return cluster;
  }

  /** Starts all members at once; resolves when they agree on a leader and answer. */
  async start(): Promise<void> {
    for (const member of this.members) member.start(this.bootstrap("new"));
    await this.waitUntilHealthy();
  }

  get members(): readonly PlacedMember[] {
    return [...this.#members.values()];
  }

  /** `host:port` of all members, comma-separated, running or not. */
  get endpoints(): string {
    return this.members.map(({ endpoint }) => endpoint).join(",");
  }

  member(name: string): PlacedMember {
    const member = this.#members.get(name);
    if (member === undefined) throw new Error(`there is no member ${name}`);
    return member;
  }

  /** What a member is told that starts with an empty folder now. */
  bootstrap(state: "new" | "existing"): { initialCluster: string; state: "new" | "existing" } {
    const initialCluster = this.members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(",");
    return { initialCluster, state };
  }

  /** A member with a place of its own that is not started yet. The cluster is not told. */
  async create(plan: MemberPlan): Promise<PlacedMember> {
    const { kind, name, flags = [], dataFolder, peerScheme = "http" } = plan;
    const place = plan.place ?? (await findLoopbackPlaces(1))[0];
    if (place === undefined) throw new Error("no place");
    const peerUrl = `${peerScheme}://${place.address}:${place.peerPort}`;
    const member = new PlacedMember({
      kind,
      name,
      place,
      advertisedPeerUrl: peerUrl,
      // Of a flag that is given twice the last counts.
      flags: [`--listen-peer-urls=${peerUrl}`, ...flags],
      ...(dataFolder === undefined ? {} : { dataFolder }),
    });
    this.#members.set(name, member);
    return member;
  }

  /** Adds an empty member, starts it and waits until it has caught up. Learners can be promoted afterwards. */
  async join(plan: MemberPlan, role: "learner" | "voter"): Promise<PlacedMember> {
    const member = await this.create(plan);
    await this.#change(`${member.name} was not added`, /Peer URLs already exists/, (via) =>
      via.client.call(memberAdd, { peerURLs: [member.peerUrl], isLearner: role === "learner" }, CALL_MS_MAX),
    );
    member.start(this.bootstrap("existing"));
    await this.waitUntilCaughtUp();
    return member;
  }

  async promote(member: PlacedMember): Promise<void> {
    const id = await this.idOf(member);
    await this.#change(`${member.name} was not promoted`, /can only promote a learner member$/, (via) =>
      via.client.call(memberPromote, { ID: id }, CALL_MS_MAX),
    );
  }

  /** Takes a member out; a running one has to end by itself. */
  async remove(member: PlacedMember): Promise<void> {
    const id = await this.idOf(member);
    member.allowToEnd();
    await this.#change(`${member.name} was not removed`, /member not found/, (via) =>
      via.client.call(memberRemove, { ID: id }, CALL_MS_MAX),
    );
    await member.waitUntilEnded(PATIENCE_MS);
    this.forget(member);
  }

  /** The cluster goes on without a member that was removed by other means. */
  forget(member: PlacedMember): void {
    this.#members.delete(member.name);
    this.#past.push(member);
  }

  /** Member id, also of one that does not run. */
  async idOf(member: PlacedMember): Promise<bigint> {
    const own = await member.status();
    if (own.ok) return own.message.header?.memberId ?? 0n;
    const leader = await this.leader();
    const { members } = await leader.client.demand(etcdserverpb.Cluster.method.memberList, {});
    const entry = members.find(({ peerURLs }) => peerURLs.includes(member.peerUrl));
    if (entry === undefined) throw new Error(`${member.name} is in no list of members`);
    return entry.ID;
  }

  /** Waits until a majority of all members follows one leader. */
  async leader(): Promise<PlacedMember> {
    return this.#poll("no leader", async () => this.#findLeader(await readClaims(this.members))?.member);
  }

  async followers(): Promise<readonly PlacedMember[]> {
    const leader = await this.leader();
    return this.members.filter((member) => member !== leader);
  }

  async term(): Promise<number> {
    return this.#poll("no leader", async () => this.#findLeader(await readClaims(this.members))?.term);
  }

  /** Makes a voter the leader, whoever leads before. */
  async lead(member: PlacedMember): Promise<void> {
    await this.#poll(`${member.name} does not lead`, async () => {
      const leader = await this.leader();
      if (leader === member) return true;
      await leader.client.call(moveLeader, { targetID: await this.idOf(member) }, CALL_MS_MAX);
      return undefined;
    });
  }

  /** Waits until every member runs, follows one leader, has applied what that one has and answers. */
  async waitUntilHealthy(): Promise<void> {
    await this.waitUntilCaughtUp();
    for (const member of this.members) {
      await this.#poll(`${member.name} does not answer`, async () => {
        const { isLearner } = await member.client.demand(etcdserverpb.Maintenance.method.status, {});
        const read = { key: Uint8Array.of(0), serializable: isLearner };
        const outcome = await member.client.call(etcdserverpb.KV.method.range, read, CALL_MS_MAX);
        return outcome.ok ? true : undefined;
      });
    }
  }

  /** Waits until every member runs, follows one leader and has applied what that one had committed at the time of the call. */
  async waitUntilCaughtUp(): Promise<void> {
    let goal: bigint | undefined;
    let last = "";
    await this.#poll(
      () => `not every member has caught up: ${last}`,
      async () => {
        const claims = await readClaims(this.members);
        last = claims.map(({ text }) => text).join("; ");
        const leader = this.#findLeader(claims);
        if (leader === undefined || claims.length < this.#members.size) return undefined;
        goal ??= leader.committedIndex;
        const reached = goal;
        return claims.every((claim) => claim.leaderId === leader.id && claim.appliedIndex >= reached)
          ? true
          : undefined;
      },
    );
  }

  /**
   * The hashes of all members at a revision of this call's own making: at the revision of a compaction etcd answers with the hash
   * that it kept from then, others with the present one.
   */
  async readHashes(): Promise<readonly MemberHash[]> {
    const leader = await this.leader();
    const { header } = await leader.client.demand(etcdserverpb.KV.method.put, { key: Buffer.from("hashed") });
    return this.readHashesAt(header?.revision ?? 0n);
  }

  async readHashesAt(revision: bigint): Promise<readonly MemberHash[]> {
    await this.waitUntilCaughtUp();
    return Promise.all(
      this.members.map(async ({ name, client }) => {
        const { hash, compactRevision } = await client.demand(hashKV, { revision });
        return { name, hash, compactRevision, revision };
      }),
    );
  }

  /** @throws when a process ended without being asked to. */
  expectNoDeaths(): void {
    for (const member of [...this.members, ...this.#past]) {
      if (member.unexpectedEnd !== undefined) throw new Error(`${member.unexpectedEnd}\n${member.logTail()}`);
    }
  }

  /** Logs outlive `dispose`; prints where they are. */
  keepLogs(): void {
    if (this.#keepsLogs) return;
    this.#keepsLogs = true;
    for (const { kind, name, logFile } of [...this.members, ...this.#past]) {
      console.warn(`kept: ${logFile} (${kind} ${name})`);
    }
  }

  async dispose(): Promise<void> {
    const all = [...this.members, ...this.#past];
    await Promise.all(all.map((member) => member.dispose({ keepsLog: this.#keepsLogs })));
  }

  #findLeader(claims: readonly Claim[]): Claim | undefined {
    const term = Math.max(...claims.map((claim) => claim.term));
    const leader = claims.find((claim) => claim.id === claim.leaderId && claim.term === term);
    if (leader === undefined) return undefined;
    const followers = claims.filter(({ leaderId }) => leaderId === leader.id).length;
    return followers > this.#members.size / 2 ? leader : undefined;
  }

  /** Tries a change of membership until it is made: members count as connected only after some seconds. */
  async #change(
    problem: string,
    made: RegExp,
    attempt: (via: PlacedMember) => Promise<{ readonly ok: boolean; readonly text?: string }>,
  ): Promise<void> {
    let last = "";
    await this.#poll(
      () => `${problem}: ${last}`,
      async () => {
        const outcome = await attempt(await this.leader());
        last = outcome.text ?? "";
        // An attempt before may have been carried out after its client had lost patience.
        return outcome.ok || made.test(last) ? true : undefined;
      },
    );
  }

  async #poll<T>(problem: string | (() => string), look: () => Promise<T | undefined>): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      this.expectNoDeaths();
      if (performance.now() > deadline) {
        throw new Error(`${typeof problem === "string" ? problem : problem()} within ${PATIENCE_MS} ms`);
      }
      await sleep(POLL_MS);
    }
  }
}
