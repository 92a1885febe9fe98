/** The recorder and the judge against one real member: sound as it is, and not once the record is falsified. */
import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Member, sleep } from "../harness/member.js";
import { isOlder, readVersion } from "../harness/etcd-version.js";
import { lacksOffers } from "../harness/offers.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { formatVerdict, judge, longestWriteGap, readHistory, saveHistory, startLoad } from "./index.js";
import type { History } from "./index.js";

const suite = "a load against one member that is killed and restarted";
const isLeftOut = missesPrograms(suite, [subjectKind]) || lacksOffers(suite, ["Watch", "Maintenance.HashKV"]);

describe.skipIf(isLeftOut)(suite, () => {
  let member: Member;
  let history: History;

  beforeAll(async () => {
    member = await Member.start({ kind: subjectKind });
    const asksProgress = !isOlder(await readVersion(member), "3.5.8");
    const load = await startLoad({
      asksProgress,
      endpoints: [member.endpoint],
      seed: 11,
      clients: 8,
      operationsPerSecondMax: 600,
    });
    await sleep(1_500);
    load.mark("killed");
    await member.kill();
    await sleep(300);
    await member.restart();
    await sleep(1_500);
    await load.pause();
    const paused = load.okCount;
    load.resume();
    await sleep(300);
    expect(load.okCount).toBeGreaterThan(paused);
    history = await load.stop();
  });

  afterAll(async () => {
    await member.dispose();
  });

  test("is sound, and no acknowledged write is lost", () => {
    const verdict = judge(history);
    expect(verdict.kind, formatVerdict(verdict)).toBe("sound");
    expect(history.tally.ok).toBeGreaterThan(500);
    expect(history.events?.at(-1)?.modRevision).toBe(history.finalRevision);
  });

  test("shows for how long no write was taken", () => {
    expect(longestWriteGap(history, { after: "killed", windowMs: 5_000 }).gapMs).toBeGreaterThan(300);
  });

  test("is sound as well from what watchers were told, and from the answers alone", () => {
    expect(judge({ ...history, events: undefined }).violations).toEqual([]);
    expect(judge({ ...history, events: undefined, watchers: [] }).violations).toEqual([]);
  });

  test("survives being written to a file", () => {
    const file = saveHistory(history);
    try {
      expect(readHistory(file)).toEqual(history);
    } finally {
      rmSync(dirname(file), { recursive: true });
    }
  });

  test("is not sound without one of its events", () => {
    const events = history.events?.filter((_, index) => index !== 100);
    expect(judge({ ...history, events }).kind).toBe("violation");
  });

  test("is not sound when a watcher misses a response", () => {
    const watchers = history.watchers.map((watcher) => {
      const place = watcher.records.findIndex(({ kind }, index) => kind === "events" && index > 20);
      return { ...watcher, records: watcher.records.filter((_, index) => index !== place) };
    });
    expect(judge({ ...history, watchers }).violations.map(({ kind }) => kind)).toContain("watch");
  });

  test("is not sound when members differ", () => {
    const other = { endpoint: "another", hash: 1, compactRevision: -1 };
    expect(judge({ ...history, hashes: [...history.hashes, other] }).violations[0]?.kind).toBe("hash");
  });
});
