import { expect, test } from "vitest";
import { MemoryEngine } from "./memory-engine.js";

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));
const text = (value: Uint8Array | undefined): string | undefined =>
  value && Buffer.from(value).toString("latin1");

async function rows(engine: MemoryEngine, from = "\0", to = "\xff"): Promise<string[]> {
  const out: string[] = [];
  for await (const chunk of engine.scan(bytes(from), bytes(to), 2)) {
    expect(chunk.keys.length).toBeLessThanOrEqual(2);
    chunk.keys.forEach((key, i) => out.push(`${text(key) as string}=${text(chunk.values[i]) as string}`));
  }
  return out;
}

test("writes take effect in order, later ones of a batch over earlier ones; undefined deletes", async () => {
  const engine = new MemoryEngine();
  await engine.write(["b", "a", "b", "c"].map(bytes), ["1", "2", "3", "4"].map(bytes));
  await engine.write([bytes("c"), bytes("missing")], [undefined, undefined]);
  expect(await rows(engine)).toEqual(["a=2", "b=3"]);
  expect((await engine.getMany(["a", "x", "b"].map(bytes))).map(text)).toEqual(["2", undefined, "3"]);
  expect(engine.sizeBytes).toBe(4);
});

test("a scan sees the rows in its bounds as they were when it began", async () => {
  const engine = new MemoryEngine();
  await engine.write(["a", "b", "c", "d", "e"].map(bytes), ["1", "2", "3", "4", "5"].map(bytes));
  const scan = engine.scan(bytes("b"), bytes("e"), 1);
  await engine.write([bytes("c"), bytes("bb"), bytes("d")], [bytes("new"), bytes("new"), undefined]);
  const seen: (string | undefined)[] = [];
  for await (const chunk of scan) seen.push(text(chunk.values[0]));
  expect(seen).toEqual(["2", "3", "4"]);
});

test("a crash keeps what was flushed and a prefix of the batches since", async () => {
  const engine = new MemoryEngine({ crashes: true });
  await engine.write([bytes("a")], [bytes("1")]);
  await engine.flush();
  await engine.write([bytes("b")], [bytes("2")]);
  await engine.write([bytes("a")], [undefined]);
  expect(engine.unflushedCount).toBe(2);
  expect(await rows(engine.crash(0))).toEqual(["a=1"]);
  expect(await rows(engine.crash(1))).toEqual(["a=1", "b=2"]);
  expect(await rows(engine.crash(2))).toEqual(["b=2"]);
  expect(await rows(engine.crash(2).crash(0))).toEqual(["b=2"]);
});

test("buffers given to write may change afterwards, and those given back are the caller's", async () => {
  const engine = new MemoryEngine();
  const value = bytes("1");
  await engine.write([bytes("a")], [value]);
  value[0] = 0x32;
  (await engine.getMany([bytes("a")]))[0]!.fill(0x33);
  expect(await rows(engine)).toEqual(["a=1"]);
});

test("a closed engine is not used again", async () => {
  const engine = new MemoryEngine();
  await engine.close();
  expect(() => engine.write([], [])).toThrow("closed");
});
