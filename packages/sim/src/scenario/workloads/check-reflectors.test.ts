import { expect, test } from "vitest";
import type { StoreEvent } from "../../history/watcher-log.js";
import { checkReflectors } from "./check-reflectors.js";
import type { ReflectorLog, ReflectorRecord } from "./reflector-log.js";

const put = (key: string, modRevision: number, version = 1, createRevision = modRevision): StoreEvent => ({
  kind: "put",
  key,
  value: `v${modRevision}`,
  createRevision,
  modRevision,
  version,
});
const remove = (key: string, modRevision: number): StoreEvent => ({
  kind: "delete",
  key,
  value: "",
  createRevision: 0,
  modRevision,
  version: 0,
});
const told = (...events: StoreEvent[]): ReflectorRecord => ({ kind: "events", events, isFragment: false });
const listed = (revision: number, ...items: StoreEvent[]): ReflectorRecord => ({
  kind: "listed",
  revision,
  items,
});
const watching = (startRevision: number): ReflectorRecord => ({ kind: "watching", startRevision });
const bookmark = (revision: number): ReflectorRecord => ({ kind: "bookmark", revision });

const WHOLE: readonly ReflectorRecord[] = [
  listed(2, put("a", 2)),
  watching(3),
  told(put("b", 3)),
  told(put("a", 4, 2, 2), put("c", 4)),
  bookmark(5),
  watching(6),
  told(remove("b", 6)),
];

function check(...logs: (readonly ReflectorRecord[])[]): string[] {
  const named = logs.map((records, i): ReflectorLog => ({ name: `r${i}`, records }));
  return checkReflectors(named, [{ kind: "put", key: "b", value: "v3", revision: 3 }]);
}

test("copies that agree, also after a new list", () => {
  const second = [
    listed(3, put("a", 2), put("b", 3)),
    watching(4),
    bookmark(3),
    listed(6, put("a", 4, 2, 2), put("c", 4)),
    watching(7),
  ];
  expect(check(WHOLE, second)).toEqual([]);
});

test.each([
  [
    "a change that is left out",
    [listed(2, put("a", 2)), watching(3), told(put("b", 3)), told(remove("b", 6))],
    /never told put a/,
  ],
  [
    "half of a revision",
    [listed(3, put("a", 2), put("b", 3)), watching(4), told(put("c", 4))],
    /never told put a=v4/,
  ],
  [
    "a bookmark too early",
    [listed(2, put("a", 2)), watching(3), bookmark(3), told(put("b", 3))],
    /was told put b=v3 .* knows all up to 3/,
  ],
  ["a change that is told twice", [...WHOLE, told(remove("b", 6))], /knows all up to 6/],
  ["a delete of what is not there", [...WHOLE, told(remove("z", 7))], /of what is not there/],
  ["a version that does not follow", [...WHOLE, told(put("a", 7, 4, 2))], /put a=v7 .* behind a=v4/],
  [
    "another truth",
    [listed(2, put("a", 2)), watching(3), told({ ...put("b", 3), value: "w" })],
    /others put b=v3/,
  ],
  [
    "a list that lacks something",
    [listed(5, put("b", 3), put("c", 4))],
    /the list of r1 at revision 5 has no key/,
  ],
  [
    "a list with what is gone",
    [listed(6, put("a", 4, 2, 2), put("b", 3), put("c", 4))],
    /the changes say no key/,
  ],
  ["a watch that begins too late", [listed(2, put("a", 2)), watching(4)], /watches from 4, and knows 2/],
  [
    "a bookmark inside of a revision",
    [
      listed(3, put("a", 2), put("b", 3)),
      watching(4),
      { kind: "events", events: [put("c", 4)], isFragment: true },
      bookmark(4),
    ],
    /in the middle of a revision/,
  ],
] satisfies [string, ReflectorRecord[], RegExp][])("%s", (_, records, expected) => {
  expect(check(WHOLE, records).join("\n")).toMatch(expected);
});

test("an acknowledged write that nobody was told of", () => {
  const logs = [{ name: "r0", records: [listed(1), watching(2), bookmark(9)] }];
  expect(checkReflectors(logs, [{ kind: "put", key: "b", value: "v3", revision: 3 }])[0]).toMatch(
    /nobody was told of it/,
  );
  // Where nobody was told of everything, nothing can be said.
  expect(checkReflectors(logs, [{ kind: "put", key: "b", value: "v3", revision: 12 }])).toEqual([]);
});
