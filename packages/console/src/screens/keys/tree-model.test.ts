import fc from "fast-check";
import { expect, test } from "vitest";
import { latin1, noBytes } from "../../text/bytes.js";
import { encodeUtf8 } from "../../text/escape.js";
import { keptEventsMax } from "./kept-events.js";
import { TreeModel } from "./tree-model.js";
import type { TreeChild, TreeFolder } from "./tree-model.js";

function child(name: string, modRevision = 5n): TreeChild {
  const isFolder = name.endsWith("/");
  return {
    id: name,
    name: encodeUtf8(name),
    isFolder,
    modRevision: isFolder ? 0n : modRevision,
    lease: 0n,
    valueBytes: 1,
  };
}

function page(
  folder: TreeFolder,
  model: TreeModel,
  names: readonly string[],
  next = "",
  revision = 10n,
): void {
  model.addPage(folder, {
    children: names.map((name) => child(name)),
    next: next === "" ? noBytes : encodeUtf8(next),
    revision,
  });
}

const shown = (model: TreeModel): string[] =>
  model.rows.map(
    (row) =>
      `${"  ".repeat(row.depth)}${row.kind === "child" ? row.id.slice(row.parent.id.length) : `(${row.kind})`}`,
  );

const put = (key: string, revision: bigint) => ({
  key: encodeUtf8(key),
  revision,
  put: { lease: 0n, valueBytes: 2 },
});
const gone = (key: string, revision: bigint) => ({ key: encodeUtf8(key), revision });

test("folders open in place and a folder that has more says so", () => {
  const model = new TreeModel(noBytes);
  expect(shown(model)).toEqual(["(more)"]);
  page(model.root, model, ["a/", "b"]);
  page(model.open("a/"), model, ["a/1", "a/2"], "a/2");
  expect(shown(model)).toEqual(["a/", "  1", "  2", "  (more)", "b"]);
  model.close("a/");
  expect(shown(model)).toEqual(["a/", "b"]);
});

test("a put appears in its place, unfolds nothing, and makes the folder it needs", () => {
  const model = new TreeModel(noBytes);
  page(model.root, model, ["a", "c"]);
  model.apply([put("b", 11n), put("d/e/f", 12n)]);
  expect(shown(model)).toEqual(["a", "b", "c", "d/"]);
});

test("an event that a page already told is not applied again", () => {
  const model = new TreeModel(noBytes);
  page(model.root, model, ["a"], "", 20n);
  model.apply([gone("a", 15n), put("b", 16n)]);
  expect(shown(model)).toEqual(["a"]);
});

test("names beyond the last page are left to the pages to come", () => {
  const model = new TreeModel(noBytes);
  page(model.root, model, ["a", "c"], "c");
  model.apply([put("b", 11n), put("z", 12n)]);
  expect(shown(model)).toEqual(["a", "b", "c", "(more)"]);
  page(model.root, model, ["d", "z"]);
  expect(shown(model)).toEqual(["a", "b", "c", "d", "z"]);
});

test("a folder whose last key goes is gone, and its parents with it", () => {
  const model = new TreeModel(noBytes);
  page(model.root, model, ["a/", "b"]);
  page(model.open("a/"), model, ["a/x/"]);
  page(model.open("a/x/"), model, ["a/x/1"]);
  model.apply([gone("a/x/1", 11n)]);
  expect(shown(model)).toEqual(["b"]);
});

test("a delete in a folder that was never read makes it a suspect", () => {
  const model = new TreeModel(noBytes);
  page(model.root, model, ["a/"]);
  model.apply([gone("a/1", 11n)]);
  expect(shown(model)).toEqual(["a/"]);
  expect(model.takeSuspects()).toEqual(["a/"]);
  expect(model.takeSuspects()).toEqual([]);
  model.settle("a/", { isEmpty: true, revision: 11n });
  expect(shown(model)).toEqual(["(empty)"]);
});

test("a suspect stays when something was put into it after the look at it", () => {
  const model = new TreeModel(noBytes);
  page(model.root, model, ["a/"]);
  model.apply([gone("a/1", 11n)]);
  expect(model.takeSuspects()).toEqual(["a/"]);
  model.apply([put("a/2", 12n)]);
  model.settle("a/", { isEmpty: true, revision: 11n });
  expect(shown(model)).toEqual(["a/"]);
});

test("a suspect that could not be looked at stays one, and so do those that were too many", () => {
  const model = new TreeModel(noBytes);
  page(model.root, model, ["a/", "b/"]);
  model.apply([gone("a/1", 11n), gone("b/1", 12n)]);
  expect(model.takeSuspects(1)).toEqual(["a/"]);
  model.settle("a/", undefined);
  expect(model.takeSuspects()).toEqual(["b/", "a/"]);
});

test("events that arrive while a page is read are applied to it when it comes", () => {
  const model = new TreeModel(noBytes);
  page(model.root, model, ["a", "c"], "c");
  model.startLoading(model.root);
  model.apply([put("d", 11n), gone("e", 12n), put("f", 13n), gone("f", 14n), put("b", 15n)]);
  page(model.root, model, ["d", "e"], "", 10n);
  expect(shown(model)).toEqual(["a", "b", "c", "d"]);
});

test("a page from before events that were too many to keep is to be read again", () => {
  const model = new TreeModel(noBytes);
  const first = { children: [], next: noBytes, revision: 10n };
  model.startLoading(model.root);
  model.apply(Array.from({ length: keptEventsMax + 1 }, (_, at) => put("a", BigInt(11 + at))));
  expect(model.addPage(model.root, first)).toBe(false);
  model.startLoading(model.root);
  expect(model.addPage(model.root, { ...first, revision: BigInt(11 + keptEventsMax) })).toBe(true);
  expect(shown(model)).toEqual(["(empty)"]);
});

test("rows are found by their id", () => {
  const model = new TreeModel(encodeUtf8("/p"));
  page(model.root, model, ["/pa", "/pb/"]);
  expect(model.placeOf("/pb/")).toBe(1);
  expect(model.placeOf("/pc")).toBe(-1);
});

test("after any events, an open tree read at the start equals one read at the end", () => {
  const names = fc.constantFrom("a", "a/b", "a/c", "a/d/e", "a/d/f", "g/h", "i", "g");
  const change = fc.record({ name: names, isPut: fc.boolean() });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), fc.nat(30), (changes, readAt) => {
      const store = new Set<string>();
      const model = new TreeModel(noBytes);
      const read = (folder: TreeFolder, revision: bigint): void => {
        const inside = [...store].filter((name) => name.startsWith(folder.id));
        const children = new Set(inside.map((name) => cutAfter(name, folder.id.length)));
        page(folder, model, [...children].sort(), "", revision);
        for (const name of children) if (name.endsWith("/")) read(model.open(name), revision);
      };
      const step = (at: number): void => {
        const { name, isPut } = changes[at]!;
        if (isPut) store.add(name);
        else store.delete(name);
      };
      const split = Math.min(readAt, changes.length);
      for (let at = 0; at < split; at += 1) step(at);
      read(model.root, BigInt(split));
      for (let at = 0; at < changes.length; at += 1) if (at >= split) step(at);
      // Events from the very beginning come again; those before the read must not matter.
      model.apply(
        changes.map(({ name, isPut }, at) =>
          isPut ? put(name, BigInt(at + 1)) : gone(name, BigInt(at + 1)),
        ),
      );
      const top = new Set([...store].map((name) => cutAfter(name, 0)));
      const suspects = new Set(model.takeSuspects());
      const rows = model.rows.flatMap((row) => (row.kind === "child" && row.depth === 0 ? [row.id] : []));
      expect(rows.filter((id) => top.has(id) || !suspects.has(id))).toEqual([...top].sort());
    }),
  );
  expect(latin1(encodeUtf8("a/"))).toBe("a/");
});

test("after any events, a page that took long equals one read at the end", () => {
  const change = fc.record({ name: fc.constantFrom("a", "b", "c", "d"), isPut: fc.boolean() });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 20 }), fc.nat(20), fc.nat(20), (changes, begun, took) => {
      const store = new Set<string>();
      const model = new TreeModel(noBytes, "");
      let names: string[] = [];
      for (let at = 0; at <= changes.length; at += 1) {
        if (at === Math.min(begun, changes.length)) {
          model.startLoading(model.root);
          names = [...store].sort();
        }
        if (at === Math.min(begun + took, changes.length)) {
          page(model.root, model, names, "", BigInt(Math.min(begun, changes.length)));
        }
        const step = changes[at];
        if (step === undefined) continue;
        if (step.isPut) store.add(step.name);
        else store.delete(step.name);
        model.apply([(step.isPut ? put : gone)(step.name, BigInt(at + 1))]);
      }
      expect(model.rows.flatMap((row) => (row.kind === "child" ? [row.id] : []))).toEqual([...store].sort());
    }),
  );
});

function cutAfter(name: string, from: number): string {
  const cut = name.indexOf("/", from);
  return cut < 0 ? name : name.slice(0, cut + 1);
}
