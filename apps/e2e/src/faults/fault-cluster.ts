/** Members at their places, what they say of each other, and the waiting for them to agree. */
import { etcdserverpb } from "@quorate/proto";
import { sleep } from "../harness/member.js";
import type { ServerKind } from "../harness/programs.js";
import type { Place } from "./place.js";
import { PlacedMember } from "./placed-member.js";
import type { PlacedMemberOptions } from "./placed-member.js";

const POLL_MS = 50;
const AGREE_MS_MAX = 60_000;
const PROBE_MS_MAX = 2_000;
const CHANGE_MS_MAX = 30_000;
const { memberAdd, memberPromote, memberRemove } = etcdserverpb.Cluster.method;

export interface FaultClusterOptions {
  readonly kind: ServerKind;
  /** One more than `size` or as many as one likes: those behind are free for members that are added. */
  readonly places: readonly Place[];
  readonly size: number;
  /** Beyond the common flags, for every member. */
  readonly flags?: readonly string[];
  /** What is special about the member at a place. */
  readonly special?: (
    place: number,
  ) => Partial<Pick<PlacedMemberOptions, "dataFolder" | "advertisedPeerUrl">>;
}

interface Agreement {
  readonly leader: PlacedMember;
  readonly term: number;
}

export class FaultCluster {
  readonly #options: FaultClusterOptions;
  /** By place; those that were added and removed leave a gap. */
  readonly #members = new Map<number, PlacedMember>();
  readonly #past: PlacedMember[] = [];
  #keepsLogs = false;

  private constructor(options: FaultClusterOptions) {
    this.#options = options;
  }

  /** Starts all members; resolves when they agree on a leader and answer. */
  static async start(options: FaultClusterOptions): Promise<FaultCluster> {
    const cluster = new FaultCluster(options);
    for (let place = 0; place < options.size; place += 1) cluster.#create(place);
    const initialCluster = describeMembers(cluster.members);
    try {
      for (const member of cluster.members) member.start({ initialCluster, state: "new" });
      await cluster.waitUntilHealthy();
      return cluster;
    } catch (error) {
      cluster.keepLogs();
      await cluster.dispose();
      throw error;
    }
  }

  get members(): readonly PlacedMember[] {
    return [...this.#members.values()];
  }

  /** `host:port` of the members that there were at the start, running or not. */
  get endpoints(): readonly string[] {
    const { places, size } = this.#options;
    return places.slice(0, size).map(({ address, clientPort }) => `${address}:${clientPort}`);
  }

  placeOf(member: PlacedMember): number {
    for (const [place, each] of this.#members) if (each === member) return place;
    throw new Error(`${member.name} is no member`);
  }

  /** Waits until the members that are awake and that can hear each other agree. @throws after a minute. */
  async leader(): Promise<PlacedMember> {
    return (await this.#agree()).leader;
  }

  async term(): Promise<number> {
    return (await this.#agree()).term;
  }

  async followers(): Promise<readonly PlacedMember[]> {
    const leader = await this.leader();
    return this.members.filter((member) => member !== leader);
  }

  /** Waits until another member than `former` leads. @returns the new leader. */
  async waitForOtherLeader(former: PlacedMember): Promise<PlacedMember> {
    return this.#poll("no other leader", async () => {
      const claims = await this.#readClaims();
      return claims.find(({ member, isLeader }) => isLeader && member !== former)?.member;
    });
  }

  /** Waits until every member runs, follows the same leader, has applied what that one has, and answers linearizable reads. */
  async waitUntilHealthy(): Promise<void> {
    const { leader } = await this.#agree(true);
    const goal = await this.#demandAppliedIndex(leader);
    for (const member of this.members) {
      await this.#poll(`${member.name} does not catch up`, async () => {
        const status = await member.status();
        return status.ok && status.message.raftAppliedIndex >= goal ? true : undefined;
      });
      await this.#poll(`${member.name} does not answer`, async () =>
        (await answers(member)) ? true : undefined,
      );
    }
  }

  /** Adds an empty member as a learner at a free place and starts it. */
  async addLearner(place: number): Promise<PlacedMember> {
    const member = this.#members.get(place) ?? this.#create(place);
    const request = { peerURLs: [member.peerUrl], isLearner: true };
    await this.#change("no learner was added", async (via) => {
      const outcome = await via.client.call(memberAdd, request, CHANGE_MS_MAX);
      // An attempt before may have been carried out after its client had lost patience.
      return outcome.ok || /Peer URLs already exists/i.test(outcome.text) ? undefined : outcome.text;
    });
    const others = this.members.filter((each) => each !== member);
    member.start({ initialCluster: describeMembers([...others, member]), state: "existing" });
    return member;
  }

  /** Makes a learner a voter, as soon as it has caught up. */
  async promote(member: PlacedMember): Promise<void> {
    await this.#change(`${member.name} was not promoted`, async (via) => {
      const status = await member.status();
      if (!status.ok) return status.text;
      const id = status.message.header?.memberId ?? 0n;
      const outcome = await via.client.call(memberPromote, { ID: id }, CHANGE_MS_MAX);
      return outcome.ok || /can only promote a learner member$/.test(outcome.text) ? undefined : outcome.text;
    });
  }

  /** Takes a member out of the cluster; its process has to end by itself, and its data is removed. */
  async remove(member: PlacedMember): Promise<void> {
    const status = await member.status();
    if (!status.ok) throw new Error(`${member.name} does not tell its id: ${status.text}`);
    const id = status.message.header?.memberId ?? 0n;
    member.allowToEnd();
    await this.#change(
      `${member.name} was not removed`,
      async (via) => {
        const outcome = await via.client.call(memberRemove, { ID: id }, CHANGE_MS_MAX);
        return outcome.ok || /member not found/i.test(outcome.text) ? undefined : outcome.text;
      },
      member,
    );
    await member.waitUntilEnded(AGREE_MS_MAX);
    const place = this.placeOf(member);
    this.#members.delete(place);
    this.#past.push(member);
    member.wipe();
  }

  /** @throws when a process ended without being asked to. */
  expectNoDeaths(): void {
    for (const member of [...this.members, ...this.#past]) {
      if (member.unexpectedEnd !== undefined) throw new Error(`${member.unexpectedEnd}\n${member.logTail()}`);
    }
  }

  /** Logs outlive `dispose`; says where they are. */
  keepLogs(): void {
    if (this.#keepsLogs) return;
    this.#keepsLogs = true;
    for (const member of [...this.members, ...this.#past]) console.warn(`kept: ${member.logFile}`);
  }

  async dispose(): Promise<void> {
    const all = [...this.members, ...this.#past];
    await Promise.all(all.map((member) => member.dispose({ keepsLog: this.#keepsLogs })));
  }

  #create(place: number): PlacedMember {
    const { kind, places, flags = [], special } = this.#options;
    const found = places[place];
    if (found === undefined) throw new Error(`there is no place ${place}`);
    const member = new PlacedMember({ kind, name: `m${place}`, place: found, flags, ...special?.(place) });
    this.#members.set(place, member);
    return member;
  }

  /** Tries a change of membership until it is made: leaders come and go, and members count as unstarted for a while. */
  #change(
    problem: string,
    attempt: (via: PlacedMember) => Promise<string | undefined>,
    concerned?: PlacedMember,
  ): Promise<true> {
    let turn = 0;
    let last = "";
    const attemptNext = async (): Promise<true | undefined> => {
      const awake = this.members.filter((member) => member.isAwake && member !== concerned);
      const via = awake[turn++ % awake.length];
      last = via === undefined ? "nobody to ask" : ((await attempt(via)) ?? "");
      return last === "" ? true : undefined;
    };
    return this.#poll(() => `${problem}: ${last}`, attemptNext);
  }

  /** @param all every member has to run and take part, not only those that are awake. */
  #agree(all = false): Promise<Agreement> {
    let last = "";
    const look = async (): Promise<Agreement | undefined> => {
      const claims = await this.#readClaims();
      last = claims
        .map(({ member, term, leaderId }) => `${member.name}: leader ${leaderId.toString(16)}, term ${term}`)
        .join("; ");
      if (all && claims.length < this.#members.size) return undefined;
      const term = Math.max(...claims.map((claim) => claim.term));
      const leader = claims.find((claim) => claim.isLeader && claim.term === term);
      if (leader === undefined) return undefined;
      const followers = claims.filter(({ leaderId }) => leaderId === leader.id).length;
      const wanted = all ? this.#members.size : Math.floor(this.#members.size / 2) + 1;
      return followers >= wanted ? { leader: leader.member, term } : undefined;
    };
    return this.#poll(() => `the members do not agree on a leader: ${last}`, look);
  }

  /** What every member that answers says of itself. */
  async #readClaims(): Promise<Claim[]> {
    const awake = this.members.filter((member) => member.isAwake);
    const claims = await Promise.all(
      awake.map(async (member) => {
        const status = await member.status();
        if (!status.ok) return [];
        const { header, leader, raftTerm } = status.message;
        const id = header?.memberId ?? 0n;
        return [
          { member, id, leaderId: leader, isLeader: leader !== 0n && leader === id, term: Number(raftTerm) },
        ];
      }),
    );
    return claims.flat();
  }

  async #demandAppliedIndex(member: PlacedMember): Promise<bigint> {
    const status = await member.status();
    if (!status.ok) throw new Error(`${member.name} tells no status: ${status.text}`);
    return status.message.raftAppliedIndex;
  }

  async #poll<T>(problem: string | (() => string), look: () => Promise<T | undefined>): Promise<T> {
    const deadline = performance.now() + AGREE_MS_MAX;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      this.expectNoDeaths();
      if (performance.now() > deadline) {
        throw new Error(`${typeof problem === "string" ? problem : problem()} within ${AGREE_MS_MAX} ms`);
      }
      await sleep(POLL_MS);
    }
  }
}

interface Claim {
  readonly member: PlacedMember;
  readonly id: bigint;
  readonly leaderId: bigint;
  readonly isLeader: boolean;
  readonly term: number;
}

function describeMembers(members: readonly PlacedMember[]): string {
  return members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(",");
}

async function answers(member: PlacedMember): Promise<boolean> {
  const read = { key: Uint8Array.of(0) };
  return (await member.client.call(etcdserverpb.KV.method.range, read, PROBE_MS_MAX)).ok;
}
