import { describe, expect, test } from "vitest";
import { Findings } from "../history/verdict.js";
import type { StoreEvent, WatchRecord } from "../history/watcher-log.js";
import { StoreHistory } from "../revisions/store-history.js";
import { playStore } from "../testing/play-store.js";
import { checkWatcher } from "./check-watcher.js";

const played = playStore({ seed: 3, operations: 200, clients: 4, lostShare: 0 });
const store = new StoreHistory(played.events, played, new Findings());
const { baseRevision, finalRevision } = played;

/** A place in the store's history where one revision has two events. */
const double = played.events.findIndex(
  ({ modRevision }, index) => index > 10 && played.events[index + 1]?.modRevision === modRevision,
);

function faults(
  records: readonly WatchRecord[],
  change: { wantsPrevious?: boolean; prefix?: string } = {},
): string[] {
  const findings = new Findings();
  const wantsPrevious = change.wantsPrevious ?? false;
  const prefix = change.prefix ?? "k";
  const log = { name: "w", endpoint: 0, prefix, wantsPrevious, records, mustReachRevision: finalRevision };
  checkWatcher(log, store, findings);
  return findings.verdict().violations.map(({ summary }) => summary);
}

function opened(startRevision: number): WatchRecord[] {
  return [
    { kind: "opened", startRevision },
    { kind: "created", revision: finalRevision },
  ];
}

/** One response for each revision. */
function told(events: readonly StoreEvent[]): WatchRecord[] {
  const responses = new Map<number, StoreEvent[]>();
  for (const event of events) {
    const response = responses.get(event.modRevision);
    if (response === undefined) responses.set(event.modRevision, [event]);
    else response.push(event);
  }
  return [...responses].map(([revision, group]) => ({
    kind: "events",
    revision,
    events: group,
    isFragment: false,
  }));
}

const all = told(played.events);
const start = opened(baseRevision + 1);

describe("a watcher is sound that", () => {
  test("is told everything, revision by revision", () => expect(faults([...start, ...all])).toEqual([]));

  test("is told everything, and more, in one response", () => {
    const later = { ...played.events.at(-1)!, modRevision: finalRevision + 1 };
    const events = [...played.events, later];
    const response: WatchRecord = { kind: "events", revision: finalRevision + 1, events, isFragment: false };
    expect(faults([...start, response])).toEqual([]);
  });

  test("is told everything in one response", () => {
    const response: WatchRecord = {
      kind: "events",
      revision: finalRevision,
      events: played.events,
      isFragment: false,
    };
    expect(faults([...start, response, { kind: "progress", revision: finalRevision }])).toEqual([]);
  });

  test("resumes after its stream broke", () => {
    const half = told(played.events.slice(0, double));
    const rest = told(played.events.slice(double));
    const broken: WatchRecord = { kind: "broken", error: "reset" };
    expect(
      faults([...start, ...half, broken, ...opened(played.events[double]!.modRevision), ...rest]),
    ).toEqual([]);
  });

  test("is told again what it had heard, because it asked for it again", () => {
    expect(
      faults([...start, ...all.slice(0, 20), { kind: "broken", error: "reset" }, ...start, ...all]),
    ).toEqual([]);
  });

  test("is told one revision in fragments", () => {
    const { modRevision } = played.events[double]!;
    const fragment = (event: StoreEvent, isFragment: boolean): WatchRecord => ({
      kind: "events",
      revision: modRevision,
      events: [event],
      isFragment,
    });
    const records = [
      ...told(played.events.slice(0, double)),
      fragment(played.events[double]!, true),
      fragment(played.events[double + 1]!, false),
      ...told(played.events.slice(double + 2)),
    ];
    expect(faults([...start, ...records])).toEqual([]);
  });

  test("watches a part of the keys", () => {
    const some = told(played.events.filter(({ key }) => key.startsWith("k2")));
    expect(faults([...start, ...some], { prefix: "k2" })).toEqual([]);
  });

  test("is told the key before each change", () => {
    const events = played.events.map((event) => {
      return { ...event, previous: store.keyAt(event.key, event.modRevision - 1) ?? null };
    });
    expect(faults([...start, ...told(events)], { wantsPrevious: true })).toEqual([]);
  });
});

describe("it is a fault", () => {
  test("to leave out an event", () => {
    const records = told(played.events.filter((_, index) => index !== 40));
    expect(faults([...start, ...records])[0]).toMatch(/^w was not told 1 events before|part of revision/);
  });

  test("to leave out the end", () => {
    expect(faults([...start, ...all.slice(0, -3)])).toEqual([
      expect.stringMatching(/^w was never told (put|delete) k/),
    ]);
  });

  test("to tell an event twice", () => {
    const records = [...all.slice(0, 30), all[29]!, ...all.slice(30)];
    expect(faults([...start, ...records])[0]).toMatch(/^w was told twice or too late/);
  });

  test("to change the order", () => {
    const records = [...all];
    [records[20], records[21]] = [records[21]!, records[20]!];
    expect(faults([...start, ...records])[0]).toMatch(/^w was not told \d+ events before/);
  });

  test("to split a revision", () => {
    const { modRevision } = played.events[double]!;
    const part = (event: StoreEvent): WatchRecord => ({
      kind: "events",
      revision: modRevision,
      events: [event],
      isFragment: false,
    });
    const records = [
      ...told(played.events.slice(0, double)),
      part(played.events[double]!),
      part(played.events[double + 1]!),
      ...told(played.events.slice(double + 2)),
    ];
    expect(faults([...start, ...records])).toEqual([`w was told a part of revision ${modRevision} only`]);
  });

  test("to tell what never happened", () => {
    const invented: StoreEvent = { ...played.events[10]!, value: "invented" };
    const records = told(played.events.map((event, index) => (index === 10 ? invented : event)));
    expect(faults([...start, ...records])[0]).toMatch(/^w was told what never happened: .*=invented/);
  });

  test("to tell progress before all up to there was told", () => {
    const { modRevision } = played.events[50]!;
    const before = told(played.events.slice(0, 50).filter((event) => event.modRevision < modRevision));
    const rest = told(played.events.filter((event) => event.modRevision >= modRevision));
    const records: WatchRecord[] = [...before, { kind: "progress", revision: modRevision }, ...rest];
    expect(faults([...start, ...records])[0]).toMatch(
      new RegExp(`^w was told progress at ${modRevision} before`),
    );
  });

  test("to tell what is older than the start", () => {
    expect(faults([...opened(baseRevision + 5), ...all])[0]).toMatch(/from before its start at 15$/);
  });

  test("to tell another key before the change", () => {
    const events = played.events.map((event) => ({ ...event, previous: null }));
    expect(faults([...start, ...told(events)], { wantsPrevious: true })[0]).toMatch(
      /with no key before it, but it was k/,
    );
  });

  test("to refuse as compacted what is not", () => {
    const refusal: WatchRecord = { kind: "canceled", compactRevision: baseRevision, reason: "compacted" };
    expect(faults([...start, refusal, ...start, ...all])[0]).toMatch(
      /^w was refused revision 11 as compacted/,
    );
  });
});
