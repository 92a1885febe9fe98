/** What programs without types bring, and what others have written: told by errors that say what is wrong. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createClient, DecodeError, json, type Client, type Collection } from "../index.js";
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
    ["has no JSON", () => call("put", "k", undefined, { as: json() })],
    ["revision is not below 0", () => call("get", "k", { revision: -1n })],
    ["revision is a bigint", () => call("getAll", { prefix: "k" }, { revision: 5 })],
    ["nothing to sort by", () => call("getAll", { prefix: "k" }, { sortBy: "bogus" })],
  ])("%s", async (text, attempt) => {
    const error = await attempt().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error instanceof TypeError || error instanceof RangeError, String(error)).toBe(true);
    expect(String(error)).toContain(text);
  });

  test("change nothing", async () => {
    expect(await client.count({ prefix: "k" })).toBe(0);
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
