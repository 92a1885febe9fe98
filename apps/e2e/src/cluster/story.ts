/**
 * What an operator does with a cluster in its life, with etcdctl alone. The same story is told of two clusters, and every
 * step has to print the same.
 *
 * Which member leads is up to a cluster, so the story moves the leader to where it wants it whenever that is open.
 */
import { join } from "node:path";
import { expect } from "vitest";
import type { PlacedMember } from "../faults/placed-member.js";
import type { Teller } from "./teller.js";
import type { TestCluster } from "./test-cluster.js";

/** A member counts as connected five seconds after its line stands; until then changes of the membership are refused. */
const NOT_YET_CONNECTED = /unhealthy cluster/;
const NOT_IN_STEP = /in sync with leader/;
const EXIT_MS_MAX = 15_000;
const FORMATS = ["simple", "json", "table"] as const;

export const FOUNDERS: readonly string[] = ["m1", "m2", "m3"];

export async function tellStory(teller: Teller): Promise<void> {
  const { cluster } = teller;
  for (const member of cluster.members) await teller.introduce(member);
  await leadsNow(teller, "m1");

  await looks(teller, "at the start");
  await refusals(teller);
  await loseTheLeader(teller);
  await growAndShrink(teller);
  await moveTheLeader(teller);
  await looks(teller, "at the end");
  await expectAllKeys(teller, cluster.members);
  // Last, because etcd 3.7.1 takes this change in all the same when it replays its log after a restart.
  const [m1, m2] = [cluster.member("m1"), cluster.member("m2")];
  const update = ["member", "update", await teller.id("m1"), `--peer-urls=${m2.peerUrl}`];
  await teller.ctl("update to the URL of another", update, { at: [m1] });
}

/** `endpoint` and `member list` in every form. */
async function looks(teller: Teller, when: string): Promise<void> {
  await teller.ctl(`put ${when}`, ["put", `look/${when}`, "seen"]);
  await teller.cluster.waitUntilCaughtUp();
  for (const form of FORMATS) {
    for (const what of ["health", "status", "hashkv"]) {
      const args = ["endpoint", what, "--cluster", "-w", form];
      await teller.ctl(`endpoint ${what} --cluster -w ${form}, ${when}`, args);
    }
    await teller.ctl(`member list -w ${form}, ${when}`, ["member", "list", "-w", form]);
  }
}

/** What a healthy cluster of three does not let an operator do. */
async function refusals(teller: Teller): Promise<void> {
  const { cluster } = teller;
  const [m1, m2] = [cluster.member("m1"), cluster.member("m2")];
  const [first, second] = [await teller.id("m1"), await teller.id("m2")];
  const refused: readonly (readonly [step: string, ...args: string[]])[] = [
    ["add a URL that is in use", "member", "add", "x", `--peer-urls=${m2.peerUrl}`],
    ["add a learner at a URL that is in use", "member", "add", "x", "--learner", `--peer-urls=${m2.peerUrl}`],
    ["add what is no URL", "member", "add", "x", "--peer-urls=m4.example"],
    ["add nothing", "member", "add", "x"],
    ["remove an unknown member", "member", "remove", "abcdef"],
    ["remove what is no id", "member", "remove", "m1"],
    ["promote an unknown member", "member", "promote", "abcdef"],
    ["promote a voter", "member", "promote", second],
    ["update an unknown member", "member", "update", "abcdef", "--peer-urls=http://127.0.0.1:1"],
    ["move the leader to nobody", "move-leader", "abcdef"],
  ];
  for (const [step, ...args] of refused) await teller.ctl(step, args, { until: NOT_YET_CONNECTED });
  await teller.ctl("move the leader, asking a follower", ["move-leader", second], { at: [m2] });
  await teller.ctl("move the leader to itself", ["move-leader", first], { at: [m1, m2] });
}

/** kill -9 of the leader; writing goes on; what two of three do not allow; and its return. */
async function loseTheLeader(teller: Teller): Promise<void> {
  const { cluster } = teller;
  await putMany(teller, "before", 5);
  await cluster.member("m1").kill();
  await leadsNow(teller, "m2");
  await putMany(teller, "without m1", 5);
  await teller.ctl("health with one member dead", ["endpoint", "health"], {
    at: cluster.members,
  });
  await teller.ctl("add with one member dead", ["member", "add", "x", "--peer-urls=http://127.0.0.1:1"]);
  await teller.ctl("remove a living one", ["member", "remove", await teller.id("m3")]);
  await teller.ctl("member list with one member dead", ["member", "list"]);
  cluster.member("m1").start();
  await cluster.waitUntilHealthy();
  await teller.ctl("member list at the one that is back", ["member", "list"], { at: [cluster.member("m1")] });
  await teller.ctl("read at the one that is back", ["get", "without m1/", "--prefix"], {
    at: [cluster.member("m1")],
  });
}

/** A learner on an empty folder, promoted; a member removed, whose process ends; new URLs for another. */
async function growAndShrink(teller: Teller): Promise<void> {
  const { cluster } = teller;
  const m4 = await cluster.create({ kind: teller.kind, name: "m4" });
  await teller.introduce(m4);
  const adding = ["member", "add", "m4", "--learner", `--peer-urls=${m4.peerUrl}`];
  const founders = cluster.members.filter((member) => member !== m4);
  const added = await teller.ctl("an attempt to add a learner", adding, {
    at: founders,
    until: NOT_YET_CONNECTED,
    unrecorded: true,
  });
  const id = /^Member +([0-9a-f]+) added/.exec(added.stdout)?.[1];
  if (id === undefined) throw new Error(`no learner was added: ${added.stdout}${added.stderr}`);
  teller.nameId(BigInt(`0x${id}`), "ID-m4");
  teller.record("add a learner", added);

  await teller.ctl("member list with a learner that never started", ["member", "list"], { at: founders });
  await teller.ctl("promote a learner that never started", ["member", "promote", id], { at: founders });
  await teller.ctl(
    "add a second learner",
    ["member", "add", "x", "--learner", "--peer-urls=http://127.0.0.1:1"],
    { at: founders },
  );
  m4.start(cluster.bootstrap("existing"));
  await cluster.waitUntilCaughtUp();
  await teller.ctl("status with a learner", ["endpoint", "status", "--cluster"], { at: founders });
  await teller.ctl("move the leader to a learner", ["move-leader", id], { at: founders });
  await teller.ctl("promote", ["member", "promote", id], { at: founders, until: NOT_IN_STEP });
  await teller.ctl("promote again", ["member", "promote", id], { at: founders });
  await cluster.waitUntilHealthy();
  await putMany(teller, "with four", 3);

  const m3 = cluster.member("m3");
  m3.allowToEnd();
  const staying = cluster.members.filter((member) => member !== m3);
  const leaving = await teller.id("m3");
  await teller.ctl("remove", ["member", "remove", leaving], { at: staying, until: NOT_YET_CONNECTED });
  await m3.waitUntilEnded(EXIT_MS_MAX);
  cluster.forget(m3);
  await teller.ctl("remove again", ["member", "remove", leaving]);
  await teller.ctl("member list after a removal", ["member", "list", "-w", "json"]);
  const m1 = cluster.member("m1");
  await teller.ctl("update to the same URL", [
    "member",
    "update",
    await teller.id("m1"),
    `--peer-urls=${m1.peerUrl}`,
  ]);
  await putMany(teller, "with three again", 3);
}

async function moveTheLeader(teller: Teller): Promise<void> {
  await leadsNow(teller, "m2");
  await teller.ctl("move the leader to the new one", ["move-leader", await teller.id("m4")]);
  await teller.cluster.waitUntilHealthy();
  await teller.ctl("status after the move", ["endpoint", "status", "--cluster"]);
}

/** Saves a snapshot of the whole store and makes a directory of it for each member of a new cluster. */
export async function tellOfSnapshots(teller: Teller, restored: TestCluster): Promise<void> {
  const file = join(teller.folder, "backup.db");
  const [first, second] = teller.cluster.members;
  if (first === undefined || second === undefined) throw new Error("no members");
  await teller.ctl("save from two endpoints", ["snapshot", "save", file], { at: [first, second] });
  await teller.ctl("save", ["snapshot", "save", file], { at: [first] });
  for (const form of FORMATS) {
    const status = await teller.files(`snapshot status -w ${form}`, ["snapshot", "status", file, "-w", form]);
    expect(status.exitCode, status.stderr).toBe(0);
  }
  await teller.files("status of no file", ["snapshot", "status", join(teller.folder, "nothing.db")]);
  for (const { name, peerUrl, dataFolder } of restored.members) {
    await teller.introduce(restored.member(name));
    const result = await teller.files(`restore ${name}`, [
      ...["snapshot", "restore", file],
      `--name=${name}`,
      `--data-dir=${dataFolder}`,
      `--initial-cluster=${restored.bootstrap("new").initialCluster}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      "--initial-cluster-token=restored",
    ]);
    expect(result.exitCode, result.stderr).toBe(0);
  }
}

/** The new cluster has all that was saved, and takes more. */
export async function tellOfRestored(teller: Teller): Promise<void> {
  const { cluster } = teller;
  for (const member of cluster.members) await teller.introduce(member);
  await leadsNow(teller, "m1");
  await expectAllKeys(teller, cluster.members);
  await putMany(teller, "restored", 3);
  await looks(teller, "after the restore");
}

/** Every key of the story, read at each member on its own. */
export async function expectAllKeys(teller: Teller, members: readonly PlacedMember[]): Promise<void> {
  for (const member of members) {
    await teller.ctl(`all keys, at ${member.name}`, ["get", "", "--prefix"], { at: [member] });
  }
}

async function putMany(teller: Teller, prefix: string, count: number): Promise<void> {
  for (let place = 0; place < count; place += 1) {
    await teller.ctl(`put ${prefix}/${place}`, ["put", `${prefix}/${place}`, `value ${place}`]);
  }
}

async function leadsNow({ cluster }: Teller, name: string): Promise<void> {
  await cluster.lead(cluster.member(name));
}
