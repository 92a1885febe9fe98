/** A keeper over the fake member, in virtual time, with other members that answer what tests say. */
import { EntryView, OPERATION, WireReader, decodeEntry, type Lessor } from "@quorate/machine";
import { FakeMember } from "../../api/testing/fake-member.js";
import { LeaseKeeper } from "../lease-keeper.js";
import type { LeasePeers } from "../ports.js";
import { VirtualTime } from "./virtual-time.js";

export const HEARTBEAT_MS = 100;
export const ELECTION_TIMEOUT_MS = 1000;
export const REQUEST_TIMEOUT_MS = 7000;

export interface Post {
  readonly urls: readonly string[];
  readonly path: string;
  readonly body: Uint8Array;
}

/** Other members: remembers what was posted; `answer` decides, throwing for nobody there. */
export class FakePeers implements LeasePeers {
  readonly posts: Post[] = [];
  answer: (post: Post) => Uint8Array | "lease-not-found" | "timeout" = () => "timeout";

  postLease(
    ...[urls, { path, body }]: Parameters<LeasePeers["postLease"]>
  ): ReturnType<LeasePeers["postLease"]> {
    const post = { urls, path, body };
    this.posts.push(post);
    return Promise.resolve().then(() => this.answer(post));
  }
}

export class LeaseFixture {
  readonly time = new VirtualTime();
  readonly peers = new FakePeers();
  readonly errors: unknown[] = [];
  readonly member: FakeMember;
  readonly lessor: Lessor;
  readonly keeper: LeaseKeeper;

  private constructor(member: FakeMember) {
    this.member = member;
    this.lessor = member.leases;
    const { time } = this;
    Object.defineProperty(member, "nowMs", { get: () => time.nowMs });
    this.keeper = new LeaseKeeper({
      member,
      lessor: member.leases,
      peers: this.peers,
      clock: time,
      scheduler: time,
      heartbeatMs: HEARTBEAT_MS,
      electionTimeoutMs: ELECTION_TIMEOUT_MS,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      onError: (error) => this.errors.push(error),
    });
  }

  /** A member that leads, its timers running. */
  static async leader(): Promise<LeaseFixture> {
    const fixture = new LeaseFixture(await FakeMember.create());
    fixture.keeper.start();
    fixture.keeper.onLeadership(true);
    return fixture;
  }

  /** A member that follows another one. */
  static async follower(): Promise<LeaseFixture> {
    const fixture = await LeaseFixture.leader();
    fixture.follow(7n);
    return fixture;
  }

  /** Another member leads from now on; 0n for none. */
  follow(leaderId: bigint): void {
    this.member.leaderId = leaderId;
    const own = this.member.members();
    const urls = { peerUrls: ["http://a:2380", "http://b:2380"], clientUrls: [] };
    this.member.members = () => [...own, { id: 7n, name: "other", ...urls, isLearner: false }];
    this.keeper.onLeadership(false);
  }

  lead(): void {
    this.member.leaderId = this.member.memberId;
    this.keeper.onLeadership(true);
  }

  /** Entries of one kind that were proposed so far. */
  proposed(operation: keyof typeof OPERATION): number {
    const view = new EntryView();
    return this.member.entries.filter((entry) => {
      decodeEntry(new WireReader(), entry, view);
      return view.operation === OPERATION[operation];
    }).length;
  }
}
