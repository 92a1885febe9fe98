/**
 * A simulated cluster on which a script is played: first this happens, then that, at moments that the script chooses. Time goes on only
 * while the script waits for something, so a script always plays the same way.
 */
import { etcdserverpb, type DescMessage, type DescMethodUnary } from "@quorate/proto";
import type { MessageInitShape, MessageShape } from "@quorate/proto";
import { SimCluster } from "../cluster/sim-cluster.js";
import type { SimMember } from "../cluster/sim-member.js";
import type { StoredKey } from "../history/operation.js";
import { toBytes, toStoredKey, type Outcome } from "../load/key-value-wire.js";
import { Listener, type Watching } from "./listener.js";

const CALL_MS_MAX = 8000;
const STEP_MS_MAX = 40_000;
/** Messages and timers of a cluster that is well come to rest in this time. */
const CALM_MS = 1500;

export interface StageOptions {
  readonly seed?: number;
  readonly memberCount: number;
  readonly flags?: Readonly<Record<string, string>>;
}

export class Stage {
  readonly cluster: SimCluster;
  /** What the script was to bring about, and did. */
  readonly happened: string[] = [];
  readonly violations: string[] = [];
  /** When members began to take over databases of a leader. */
  readonly databases: { readonly member: SimMember; readonly atMs: number }[] = [];
  #callCount = 0;

  constructor({ seed = 1, memberCount, flags = {} }: StageOptions) {
    const all = new Map(Object.entries({ "election-timeout": "500", ...flags }));
    this.cluster = new SimCluster({ seed, memberCount, flags: all, clockRate: () => 1 });
    this.cluster.onLine = (member, line) => {
      if (line.includes("info applying snapshot")) this.databases.push({ member, atMs: this.nowMs });
    };
  }

  /** Resolves when there is a leader and everybody serves. */
  async open(): Promise<void> {
    this.cluster.start();
    await this.until("the cluster serves", () => this.cluster.isServing && this.cluster.leader !== undefined);
  }

  /** A situation that the bug needs was there. */
  note(what: string): void {
    if (!this.happened.includes(what)) this.happened.push(what);
  }

  /** @param isBroken whether the bug has shown itself. */
  check(isBroken: boolean, what: string): void {
    if (isBroken) this.violations.push(what);
  }

  get nowMs(): number {
    return this.cluster.time.nowMs;
  }

  get leader(): SimMember {
    const { leader } = this.cluster;
    if (leader === undefined) throw new Error("nobody leads");
    return leader;
  }

  get followers(): readonly SimMember[] {
    return this.cluster.members.filter((member) => member !== this.cluster.leader);
  }

  /** @returns one of them; there is always one. */
  get follower(): SimMember {
    const [first] = this.followers;
    if (first === undefined) throw new Error("there are no followers");
    return first;
  }

  async wait(forMs: number): Promise<void> {
    const { time } = this.cluster;
    await time.run(time.nowMs + forMs);
  }

  /** @throws when it does not come to be. */
  async until(what: string, isSo: () => boolean, maxMs: number = STEP_MS_MAX): Promise<void> {
    const { time } = this.cluster;
    await time.run(time.nowMs + maxMs, isSo);
    if (!isSo()) throw new Error(`it never was so: ${what}`);
  }

  /** Lets time go on until the promise is settled. */
  async during<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = (): void => void (isSettled = true);
    promise.then(settle, settle);
    await this.until("an answer", () => isSettled);
    return promise;
  }

  /** Begins a call; time does not go on by it. */
  begin<I extends DescMessage, O extends DescMessage>(
    member: SimMember,
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    token?: string,
  ): Promise<Outcome<MessageShape<O>>> {
    this.#callCount += 1;
    return this.cluster.client(`caller${this.#callCount}`, member, token).call(method, request, CALL_MS_MAX);
  }

  call<I extends DescMessage, O extends DescMessage>(
    member: SimMember,
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    token?: string,
  ): Promise<Outcome<MessageShape<O>>> {
    return this.during(this.begin(member, method, request, token));
  }

  /** @throws when it is refused. */
  async demand<I extends DescMessage, O extends DescMessage>(
    member: SimMember,
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    token?: string,
  ): Promise<MessageShape<O>> {
    const answer = await this.call(member, method, request, token);
    if (!answer.ok) throw new Error(`${method.name}: ${answer.text}`);
    return answer.message;
  }

  /** @returns the revision of the write. */
  async put(member: SimMember, key: string, value: string, lease = 0n): Promise<number> {
    const request = { key: toBytes(key), value: toBytes(value), lease };
    return revisionOf(await this.demand(member, etcdserverpb.KV.method.put, request));
  }

  /** So many keys, one after another. @returns the last revision. */
  async fill(member: SimMember, count: number, prefix = "fill/"): Promise<number> {
    let revision = 0;
    for (let i = 0; i < count; i++) revision = await this.put(member, `${prefix}${i}`, `${i}`);
    return revision;
  }

  async remove(member: SimMember, key: string): Promise<number> {
    return revisionOf(await this.demand(member, etcdserverpb.KV.method.deleteRange, { key: toBytes(key) }));
  }

  async get(member: SimMember, key: string, serializable = false): Promise<StoredKey | undefined> {
    const request = { key: toBytes(key), serializable };
    const { kvs } = await this.demand(member, etcdserverpb.KV.method.range, request);
    return kvs[0] === undefined ? undefined : toStoredKey(kvs[0]);
  }

  async compact(member: SimMember, revision: number, physical = true): Promise<void> {
    await this.demand(member, etcdserverpb.KV.method.compact, { revision: BigInt(revision), physical });
  }

  listen(member: SimMember, watching: Watching): Listener {
    return new Listener(this.cluster.client(`listener${this.#callCount++}`, member), watching);
  }

  revisionOf(member: SimMember): number {
    return member.open?.machine.store.revision ?? 0;
  }

  /** Cut off from the other members and not from clients. @returns what ends it. */
  isolate(member: SimMember): () => void {
    const cuts = this.cluster.members.flatMap((other) => {
      if (other === member) return [];
      const { network } = this.cluster;
      return [network.cut(member.name, other.name), network.cut(other.name, member.name)];
    });
    return () => {
      for (const mend of cuts) mend();
    };
  }

  /** Somebody else leads. */
  async untilAnotherLeads(old: SimMember): Promise<SimMember> {
    const others = this.cluster.members.filter((member) => member !== old);
    const elected = (): SimMember | undefined => others.find(({ open }) => open?.member.isLeader === true);
    await this.until("another leader", () => elected() !== undefined);
    const found = elected();
    if (found === undefined) throw new Error("nobody leads");
    return found;
  }

  async restart(member: SimMember): Promise<void> {
    void member.start();
    await this.until(`${member.name} serves`, () => member.services !== undefined);
  }

  /** All is mended; what every script has to keep: members that live, logs that agree, and equal hashes. */
  async close(): Promise<void> {
    const { cluster } = this;
    cluster.network.mendAll();
    for (const member of cluster.members)
      if (member.life === undefined && !member.isRemoved) await this.restart(member);
    await this.until("the cluster serves", () => cluster.isServing && cluster.leader !== undefined);
    await this.wait(CALM_MS);
    const revision = await this.put(this.leader, "last", "1");
    const present = cluster.members.filter(({ isRemoved }) => !isRemoved);
    await this.until("all have it", () => present.every((member) => this.revisionOf(member) >= revision));
    const hashes = new Set<string>();
    for (const member of present) {
      const { hashKV } = etcdserverpb.Maintenance.method;
      const { hash, compactRevision } = await this.demand(member, hashKV, { revision: BigInt(revision) });
      hashes.add(`${hash} (compacted at ${compactRevision})`);
    }
    this.check(hashes.size > 1, `members differ at revision ${revision}: ${[...hashes].join(", ")}`);
    this.violations.push(...cluster.rules.violations);
    for (const { member, error } of cluster.ends)
      this.violations.push(`${member} ended: ${error.stack ?? error.message}`);
  }
}

export function revisionOf({ header }: { header?: etcdserverpb.ResponseHeader | undefined }): number {
  return Number(header?.revision ?? 0n);
}
