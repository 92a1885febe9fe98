/** What programs without types bring, and what others have written: told by errors that say what is wrong. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  bytes,
  createClient,
  DecodeError,
  json,
  modRevision,
  utf8,
  type Client,
  type Collection,
} from "../index.js";
import { startTestServer, type TestServer } from "../testing.js";

interface Point {
  readonly x: number;
}

let server: TestServer;
let client: Client;
beforeAll(async () => {
  server = await startTestServer();
  client = createClient({ endpoints: server.endpoint });
});
afterAll(async () => {
  client.close();
  await server.stop();
});

describe("arguments that make no sense", () => {
  /** As a program without types calls it. */
  const call = (name: string, ...args: unknown[]): Promise<unknown> =>
    (client as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[name]?.(...args) ??
    Promise.resolve();
  test.each<[string, () => Promise<unknown>]>([
    ["a key is text or bytes", () => call("put", undefined, "v")],
    ["a key is text or bytes", () => call("put", 5, "v")],
    ["a key is text or bytes", () => call("getAll", { prefix: 5 })],
    ["a key is text or bytes", () => call("delete", { prefix: 5 })],
    ["not both", () => call("getAll", { prefix: "k", from: "l" })],
    ["not both", () => call("delete", { prefix: "k", to: "l" })],
    ["not both", () => call("delete", { from: "k", prefix: undefined })],
    ["a range has a prefix", () => call("delete", { to: "k" })],
    ["keys are one or a range", () => call("delete", undefined)],
    ["a lease is one", () => call("put", "k", "v", { lease: "x" })],
    ["a lease is one", () => call("put", "k", "v", { lease: null })],
    ["a lease is one", () => call("put", "k", "v", { lease: 2n ** 63n })],
    ["has no JSON", () => call("put", "k", undefined, { as: json() })],
    ["revision is not below 0", () => call("get", "k", { revision: -1n })],
    ["revision is a bigint", () => call("getAll", { prefix: "k" }, { revision: 5 })],
    ["nothing to sort by", () => call("getAll", { prefix: "k" }, { sortBy: "bogus" })],
    ["beyond all revisions", () => call("get", "k", { revision: 2n ** 63n })],
    ["text is text", () => call("put", "k", 5, { as: utf8 })],
    ["text is text", () => call("put", "k", {}, { as: utf8 })],
    ["makes bytes of a value, not string", () => call("put", "k", "v", { as: bytes })],
    ["makes bytes of a value, not string", () => call("put", "k", {}, { as: { encode: JSON.stringify } })],
    ["text is text", () => client.stm((tx) => tx.put("k", 5 as unknown as string))],
    ["a lease is one", () => client.stm((tx) => tx.put("k", "v", { lease: 5 as unknown as bigint }))],
    ["is no isolation", () => call("stm", () => 1, { isolation: "bogus" })],
    ["attemptsMax is a whole number above 0", () => call("stm", () => 1, { attemptsMax: 0 })],
    ["compared with a bigint", async () => modRevision("k").equals(undefined as unknown as bigint)],
    ["a key is text or bytes", () => call("lock", 5)],
    ["text is text", () => client.election("k").campaign(5 as unknown as string)],
    ["the id of a document", () => client.collection("k/", utf8).put(undefined as unknown as string, "v")],
    ["the id of a document", () => client.collection("k/", utf8).delete(5 as unknown as string)],
    ["prefix is text", async () => client.collection(undefined as unknown as string, utf8)],
    ["is no access", () => client.auth.grantPermission("r", "all" as "read", "k")],
    ["a password is text", () => client.auth.addUser("u", null as unknown as string)],
    ["a password is text", () => client.auth.changePassword("u", undefined as unknown as string)],
  ])("%s", async (text, attempt) => {
    const error = await attempt().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error instanceof TypeError || error instanceof RangeError, String(error)).toBe(true);
    expect(String(error)).toContain(text);
  });

  test.each<[string, () => unknown]>([
    ["startRevision is a bigint", () => client.watch("k", { startRevision: 5 as unknown as bigint })],
    ["startRevision is not below 0", () => client.watch("k", { startRevision: -1n })],
    ["startRevision is beyond", () => client.watch("k", { startRevision: 2n ** 63n })],
    ["a key has at least one byte", () => client.watch("")],
    ["a key is text or bytes", () => client.cache(undefined as unknown as string)],
    ["pageRows is a whole number", () => client.cache("k", { pageRows: Number.NaN })],
    ["entriesMax is a whole number", () => client.cache("k", { entriesMax: Number.NaN })],
  ])("of what goes on by itself are told at once: %s", (text, begin) => {
    expect(begin).toThrow(text);
  });

  test("change nothing", async () => {
    expect(await client.count({ prefix: "k" })).toBe(0);
    expect((await client.auth.users()).length).toBe(0);
  });
});

describe("a value that others have broken", () => {
  let points: Collection<Point>;
  let modRevision: bigint;
  const key = "points/bad";
  beforeAll(async () => {
    points = client.collection<Point>("points/", json());
    await points.put("good", { x: 1 });
    ({ revision: modRevision } = await client.put(key, "{nope"));
  });
  const broken = (): object => expect.objectContaining({ name: "DecodeError", key, modRevision }) as object;

  test.each<[string, () => Promise<unknown>]>([
    ["get", () => client.get(key, { as: json() })],
    ["getAll", () => client.getAll({ prefix: "points/" }, { as: json() })],
    ["a collection's get", () => points.get("bad")],
    [
      "a collection's list",
      async () => {
        for await (const { id } of points.list()) expect(id).not.toBe("bad");
      },
    ],
    ["a software transaction", () => client.stm((tx) => tx.get(key), { as: json() })],
  ])("is named: %s", async (_, read) => {
    await expect(read()).rejects.toEqual(broken());
  });

  test("ends a watch with what is needed to go on behind it", async () => {
    const read = async (startRevision: bigint): Promise<string[]> => {
      const ids: string[] = [];
      for await (const event of points.watch({ startRevision })) {
        ids.push(event.id);
        if (event.id === "last") break;
      }
      return ids;
    };
    await points.put("last", { x: 2 });
    const failure = await read(modRevision).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(DecodeError);
    if (failure instanceof DecodeError) expect(await read(failure.modRevision + 1n)).toEqual(["last"]);
  });
});
