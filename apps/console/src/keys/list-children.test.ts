import { Code, ConnectError } from "@connectrpc/connect";
import { beforeAll, describe, expect, it } from "vitest";
import { text, useConsole, utf8 } from "../testing/use-console.js";

const app = useConsole();
const none = new Uint8Array();

async function put(...keys: (string | Uint8Array)[]): Promise<void> {
  for (const key of keys)
    await app.kv.put({ key: typeof key === "string" ? utf8(key) : key, value: utf8("v") });
}

async function list(prefix: string, more: { delimiter?: string; limit?: number } = {}): Promise<string[]> {
  const names: string[] = [];
  let cursor: Uint8Array = none;
  let revision = 0n;
  do {
    const page = await app.console.listChildren({
      prefix: utf8(prefix),
      delimiter: utf8(more.delimiter ?? ""),
      limit: more.limit ?? 0,
      cursor,
      revision,
    });
    names.push(...page.children.map(({ name, isFolder }) => (isFolder ? `[${text(name)}]` : text(name))));
    ({ next: cursor, revision } = page);
  } while (cursor.length > 0);
  return names;
}

describe("the children of a folder", () => {
  beforeAll(async () => {
    await put("a", "a/1", "a/2/x", "a/2/y", "a/3", "a0", "b/", "b//c", "k\u00e9/1", "k\u00e9y\u00e9z");
    const many = Array.from({ length: 3000 }, (_, place) => `many/${String(place).padStart(5, "0")}`);
    for (let at = 0; at < many.length; at += 100) {
      await app.kv.txn({
        success: many.slice(at, at + 100).map((key) => ({
          request: { case: "requestPut", value: { key: utf8(key), value: utf8("value") } },
        })),
      });
    }
  });

  it("are keys and folders in order, each once", async () => {
    expect(await list("")).toEqual(["a", "[a/]", "a0", "[b/]", "[k\u00e9/]", "k\u00e9y\u00e9z", "[many/]"]);
    expect(await list("a/")).toEqual(["a/1", "[a/2/]", "a/3"]);
  });

  it("include a key that is named like the folder, and a folder with an empty name", async () => {
    expect(await list("b/")).toEqual(["b/", "[b//]"]);
  });

  it("are the same whatever the pages' length", async () => {
    const whole = await list("");
    expect(await list("", { limit: 1 })).toEqual(whole);
    expect(await list("", { limit: 2 })).toEqual(whole);
    expect(await list("many/", { limit: 700 })).toHaveLength(3000);
  });

  it("may be split by any text, also one of several bytes", async () => {
    expect(await list("k", { delimiter: "\u00e9" })).toEqual(["[k\u00e9]"]);
    expect(await list("k\u00e9", { delimiter: "\u00e9" })).toEqual(["k\u00e9/1", "[k\u00e9y\u00e9]"]);
    expect(await list("", { delimiter: "//" })).toEqual(
      expect.arrayContaining(["a/2/x", "[b//]", "many/02999"]) as string[],
    );
  });

  it("have metadata and the size of their value, and no value", async () => {
    const { children, revision } = await app.console.listChildren({ prefix: utf8("many/"), limit: 1 });
    const [child] = children;
    expect(child).toMatchObject({ isFolder: false, valueBytes: 5n });
    expect(child?.key).toMatchObject({ version: 1n, lease: 0n, value: none });
    expect(child?.key?.modRevision).toBeLessThanOrEqual(revision);
  });

  it("of all bytes are found behind folders of 0xff", async () => {
    const slash = 0x2f;
    await put(
      Uint8Array.of(0xff, slash, 1),
      Uint8Array.of(0xff, 0xff, slash),
      Uint8Array.of(0xff, 0xff),
      Uint8Array.of(0xfe, 0),
    );
    const { children } = await app.console.listChildren({ prefix: none, limit: 1000 });
    expect(children.slice(-4).map(({ name, isFolder }) => [...name, isFolder])).toEqual([
      [0xfe, 0, false],
      [0xff, slash, true],
      [0xff, 0xff, false],
      [0xff, 0xff, slash, true],
    ]);
    const split = await app.console.listChildren({
      prefix: Uint8Array.of(0xff),
      delimiter: Uint8Array.of(0xff),
    });
    expect(split.children.map(({ name, isFolder }) => [...name, isFolder])).toEqual([
      [0xff, slash, 1, false],
      [0xff, 0xff, true],
    ]);
    expect(split.next).toHaveLength(0);
  });

  it("of a revision stay what they were while pages are read", async () => {
    await put("page/1", "page/2", "page/3");
    const first = await app.console.listChildren({ prefix: utf8("page/"), limit: 2 });
    await put("page/2a");
    await app.kv.deleteRange({ key: utf8("page/3") });
    const second = await app.console.listChildren({
      prefix: utf8("page/"),
      limit: 2,
      cursor: first.next,
      revision: first.revision,
    });
    expect(second.children.map(({ name }) => text(name))).toEqual(["page/3"]);
    expect(second.next).toEqual(none);
    expect(await list("page/")).toEqual(["page/1", "page/2", "page/2a"]);
  });

  it("are refused for a cursor of another folder, a negative limit and a revision to come", async () => {
    const refusal = async (request: Parameters<typeof app.console.listChildren>[0]): Promise<unknown> =>
      app.console.listChildren(request).catch((error: unknown) => ConnectError.from(error).code);
    expect(await refusal({ prefix: utf8("a/"), cursor: utf8("b") })).toBe(Code.InvalidArgument);
    expect(await refusal({ limit: -1 })).toBe(Code.InvalidArgument);
    expect(await refusal({ revision: 1_000_000n })).toBe(Code.OutOfRange);
  });

  it("is an empty page where there is nothing", async () => {
    expect(await list("nothing/")).toEqual([]);
  });
});
