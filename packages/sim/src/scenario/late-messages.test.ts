import { createMessage, MessageType } from "@quorate/raft";
import { expect, test } from "vitest";
import { SimCluster } from "../cluster/sim-cluster.js";
import { LateMessages } from "./late-messages.js";
import type { LateCargo } from "./plan.js";

class World {
  readonly cluster: SimCluster = new SimCluster({
    seed: 1,
    memberCount: 3,
    flags: new Map(),
    clockRate: () => 1,
  });
  readonly late: LateMessages = new LateMessages(this.cluster, (delayMs, task) =>
    this.cluster.time.after(delayMs, task),
  );
  readonly arrived: string[] = [];
  keptCount = 0;

  delay(cargo: LateCargo, forMs: number): void {
    const [member] = this.cluster.members;
    if (member === undefined) throw new Error("no members");
    this.late.keep(member, { cargo, gapMs: 10, forMs }, () => (this.keptCount += 1));
  }

  /** As a transport does. */
  send(to: string, type: MessageType, name: string): void {
    const arrive = (): void => void this.arrived.push(`${name} at ${this.cluster.time.nowMs}`);
    if (!this.cluster.keep(to, createMessage({ type }), arrive)) arrive();
  }
}

test("requests for votes arrive one after the other when the delay ends, and others pass them", async () => {
  const world = new World();
  world.delay("votes", 100);
  world.send("m1", MessageType.MsgVote, "first");
  world.send("m1", MessageType.MsgVote, "second");
  world.send("m1", MessageType.MsgApp, "append");
  world.send("m2", MessageType.MsgVote, "of another");
  await world.cluster.time.run(500);
  world.send("m1", MessageType.MsgVote, "after it");
  expect(world.arrived).toEqual([
    "append at 0",
    "of another at 0",
    "first at 100",
    "second at 110",
    "after it at 500",
  ]);
  expect(world.keptCount).toBe(2);
});

test("of databases the first one is late, and the next one overtakes it", async () => {
  const world = new World();
  world.delay("database", 100);
  world.send("m1", MessageType.MsgSnap, "older");
  world.send("m1", MessageType.MsgSnap, "newer");
  await world.cluster.time.run(500);
  expect(world.arrived).toEqual(["newer at 0", "older at 100"]);
});

test("a newer delay lets the older one keep what it has, to its end", async () => {
  const world = new World();
  world.delay("votes", 100);
  world.send("m1", MessageType.MsgVote, "first");
  world.delay("votes", 300);
  world.send("m1", MessageType.MsgVote, "second");
  await world.cluster.time.run(500);
  expect(world.arrived).toEqual(["first at 100", "second at 300"]);
});

test("sixteen requests are kept for a member, and further ones are not late", async () => {
  const world = new World();
  world.delay("votes", 100);
  for (let i = 0; i < 20; i++) world.send("m1", MessageType.MsgVote, String(i));
  expect(world.arrived).toEqual(["16 at 0", "17 at 0", "18 at 0", "19 at 0"]);
  await world.cluster.time.run(500);
  expect(world.arrived).toHaveLength(20);
});

test("nothing is late any more when all is mended", () => {
  const world = new World();
  world.delay("votes", 100);
  world.late.clear();
  world.send("m1", MessageType.MsgVote, "first");
  expect(world.arrived).toEqual(["first at 0"]);
});
