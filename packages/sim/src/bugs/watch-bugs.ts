/** What watchers of other systems were not told, told twice, or told too early. */
import { create, etcdserverpb } from "@quorate/proto";
import { toBytes } from "../load/key-value-wire.js";
import type { Bug } from "./bug.js";
import { MISSED_WRITES, renewLeader, SHORT_LOG, untilDatabaseArrives } from "./databases.js";
import { revisionOf } from "./stage.js";

const HISTORY_WRITES = 60;
const LARGE_VALUE = "x".repeat(1500);

/** `put w/0 2`, `put w/1 3`, ... */
function puts(prefix: string, firstRevision: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `put ${prefix}${i} ${firstRevision + i}`);
}

const progressNotInStep: Bug = {
  name: "progress-before-events",
  known: "etcd 15220",
  was: "a progress notification overtook the events that it covers",
  stage: { memberCount: 3 },
  needs: ["progress was asked for while the watch was behind", "progress was told at the end"],
  async play(stage) {
    const { leader } = stage;
    const last = await stage.fill(leader, HISTORY_WRITES, "w/");
    const first = last - HISTORY_WRITES + 1;
    const listeners = [leader, ...stage.followers].map((member) =>
      stage.listen(member, { prefix: "w/", startRevision: first }),
    );
    const writing = stage.begin(leader, etcdserverpb.KV.method.put, {
      key: toBytes("w/late"),
      value: toBytes("1"),
    });
    for (let turn = 0; turn < 100; turn++) {
      for (const listener of listeners) {
        if (turn > 0 && listener.events.length < HISTORY_WRITES)
          stage.note("progress was asked for while the watch was behind");
        listener.askProgress();
      }
      await stage.wait(turn < 50 ? 0.2 : 5);
    }
    await stage.during(writing);
    await stage.until("all is told", () => listeners.every(({ events }) => events.length > HISTORY_WRITES));
    for (const listener of listeners) listener.askProgress();
    await stage.until("progress is told", () =>
      listeners.every(({ bookmarks }) => (bookmarks.at(-1) ?? 0) > last),
    );
    stage.note("progress was told at the end");
    for (const listener of listeners) {
      for (const fault of listener.faults()) stage.check(true, fault);
      const expected = [...puts("w/", first, HISTORY_WRITES), `put w/late ${last + 1}`];
      stage.check(listener.told.join() !== expected.join(), `was told ${listener.told.join()}`);
    }
  },
};

const starvedStream: Bug = {
  name: "starved-watcher",
  known: "etcd 17529",
  was: "a watcher that did not read for a while lost events when the history was compacted under it",
  stage: { memberCount: 1 },
  needs: ["the watcher was held up", "history was compacted under it"],
  async play(stage) {
    const { leader } = stage;
    const listener = stage.listen(leader, { prefix: "w/", startRevision: 0 });
    await stage.until("the watch begins", () => listener.isCreated);
    listener.starve();
    let last = 0;
    const count = HISTORY_WRITES;
    for (let i = 0; i < count; i++) last = await stage.put(leader, `w/${i}`, LARGE_VALUE);
    await stage.wait(500);
    if (listener.events.length < count) stage.note("the watcher was held up");
    await stage.compact(leader, last);
    stage.note("history was compacted under it");
    await stage.wait(500);
    listener.resume();
    await stage.until(
      "the end",
      () => listener.compactRevision !== undefined || listener.events.length >= count,
    );
    await stage.wait(500);
    const expected = puts("w/", last - count + 1, count).slice(0, listener.told.length);
    stage.check(listener.told.join() !== expected.join(), `was told ${listener.told.join()}`);
    stage.check(
      listener.told.length < count && listener.compactRevision === undefined,
      `was told ${listener.told.length} of ${count} and not of the compaction`,
    );
  },
};

const backInTime: Bug = {
  name: "watch-back-in-time",
  known: "etcd 15271",
  was: "a watcher was told old events again once its member had taken over a database after a partition",
  stage: { memberCount: 3, flags: SHORT_LOG },
  needs: ["a database arrived under a watch that was in step"],
  async play(stage) {
    const { follower, leader } = stage;
    const listener = stage.listen(follower, { prefix: "w/", startRevision: 0 });
    await stage.until("the watch begins", () => listener.isCreated);
    const first = await stage.put(leader, "w/0", "0");
    await stage.until("the watch is in step", () => listener.events.length === 1);
    const mend = stage.isolate(follower);
    for (let i = 1; i <= MISSED_WRITES; i++) await stage.put(leader, `w/${i}`, `${i}`);
    await stage.wait(2000);
    mend();
    await untilDatabaseArrives(stage, follower, 1);
    stage.note("a database arrived under a watch that was in step");
    await stage.put(leader, `w/${MISSED_WRITES + 1}`, "1");
    const count = MISSED_WRITES + 2;
    await stage.until("all is told", () => listener.events.length >= count);
    await stage.wait(1000);
    stage.check(listener.told.join() !== puts("w/", first, count).join(), `was told ${listener.told.join()}`);
  },
};

const futureRevision: Bug = {
  name: "watch-on-future-revision",
  known: "etcd 20221",
  was: "a watcher of a revision to come was told of progress and of events before it, once its member had taken over a database",
  stage: { memberCount: 3, flags: SHORT_LOG },
  needs: ["the watch began in the future", "progress was asked for", "a database arrived"],
  async play(stage) {
    const { follower, leader } = stage;
    const now = await stage.put(leader, "other", "1");
    await stage.until("the follower has it", () => stage.revisionOf(follower) >= now);
    const mend = stage.isolate(follower);
    const startRevision = now + 30;
    const listener = stage.listen(follower, { prefix: "w/", startRevision });
    await stage.until("the watch begins", () => listener.isCreated);
    if (stage.revisionOf(follower) < startRevision) stage.note("the watch began in the future");
    const ask = async (): Promise<void> => {
      for (let turn = 0; turn < 20; turn++) {
        listener.askProgress();
        await stage.wait(20);
      }
    };
    await ask();
    stage.note("progress was asked for");
    for (let i = 0; i < MISSED_WRITES; i++) await stage.put(leader, `w/${i}`, `${i}`);
    await stage.wait(2000);
    mend();
    await untilDatabaseArrives(stage, follower, 1);
    stage.note("a database arrived");
    await ask();
    const expected = puts("w/", now + 1, MISSED_WRITES).slice(29);
    await stage.until("all is told", () => listener.events.length >= expected.length);
    await stage.wait(1000);
    stage.check(listener.told.join() !== expected.join(), `was told ${listener.told.join()}`);
    const early = listener.bookmarks.find((revision) => revision < startRevision);
    stage.check(early !== undefined, `was told progress at ${early}, before its start at ${startRevision}`);
  },
};

const transactionCache: Bug = {
  name: "events-of-transactions-twice",
  known: "etcd 17247",
  was: "a transaction that read what it had written told its events twice",
  stage: { memberCount: 3 },
  needs: ["transactions read what they had written"],
  async play(stage) {
    const { leader } = stage;
    const listeners = stage.cluster.members.map((member) =>
      stage.listen(member, { prefix: "w/", startRevision: 0 }),
    );
    await stage.until("the watches begin", () => listeners.every(({ isCreated }) => isCreated));
    const expected: string[] = [];
    for (let i = 0; i < 10; i++) {
      const put = create(etcdserverpb.PutRequestSchema, {
        key: toBytes(`w/${i}`),
        value: toBytes("1"),
        prevKv: true,
      });
      const range = create(etcdserverpb.RangeRequestSchema, { key: toBytes(`w/${i}`) });
      const read = { request: { case: "requestRange", value: range } } as const;
      const success = [read, { request: { case: "requestPut", value: put } } as const, read];
      const answer = await stage.demand(leader, etcdserverpb.KV.method.txn, { success });
      const seen = answer.responses[2]?.response;
      if (seen?.case === "responseRange" && seen.value.kvs.length === 1)
        stage.note("transactions read what they had written");
      expected.push(`put w/${i} ${revisionOf(answer)}`);
    }
    await stage.until("all is told", () => listeners.every(({ events }) => events.length >= expected.length));
    await stage.wait(500);
    for (const { told } of listeners) stage.check(told.join() !== expected.join(), `was told ${told.join()}`);
  },
};

const revisionZero: Bug = {
  name: "watch-from-revision-zero",
  known: "Jepsen, etcd 3.4.3",
  was: "a watch from revision 0 was taken for one from the beginning; where it begins has to be told",
  stage: { memberCount: 3 },
  needs: ["writes came before, during and after the watch began"],
  async play(stage) {
    const { leader, follower } = stage;
    const { put } = etcdserverpb.KV.method;
    const before = await stage.fill(leader, 5, "w/");
    const writes = [0, 1, 2].map((i) =>
      stage.begin(leader, put, { key: toBytes(`w/during${i}`), value: toBytes("1") }),
    );
    const listener = stage.listen(follower, { prefix: "w/", startRevision: 0 });
    for (const write of writes) await stage.during(write);
    await stage.until("the watch begins", () => listener.isCreated);
    const last = await stage.put(leader, "w/after", "1");
    stage.note("writes came before, during and after the watch began");
    await stage.until("all is told", () => listener.events.at(-1)?.modRevision === last);
    const began = Number(listener.responses[0]?.header?.revision ?? 0n);
    const told = listener.events.map(({ modRevision }) => modRevision);
    const expected = Array.from({ length: last - began }, (_, i) => began + 1 + i);
    stage.check(
      began < before - 5 || told.join() !== expected.join(),
      `began at ${began} and was told ${told.join()}`,
    );
  },
};

const twoDatabases: Bug = {
  name: "two-databases-in-a-row",
  known: "etcd 18055",
  was: "a member that was sent a second database while it took over the first one ended",
  stage: { memberCount: 3, flags: SHORT_LOG },
  needs: ["a second database arrived within ten seconds"],
  async play(stage) {
    const { follower } = stage;
    let mend = stage.isolate(follower);
    for (let round = 1; round <= 3; round++) {
      await stage.fill(stage.leader, MISSED_WRITES, `round${round}/`);
      mend();
      await untilDatabaseArrives(stage, follower, round);
      mend = stage.isolate(follower);
      await renewLeader(stage);
    }
    mend();
    const times = stage.databases.filter(({ member }) => member === follower).map(({ atMs }) => atMs);
    if (times.some((atMs, i) => atMs - (times[i - 1] ?? -Infinity) < 10_000))
      stage.note("a second database arrived within ten seconds");
    await stage.wait(1000);
  },
};

export const WATCH_BUGS: readonly Bug[] = [
  progressNotInStep,
  starvedStream,
  backInTime,
  futureRevision,
  transactionCache,
  revisionZero,
  twoDatabases,
];
