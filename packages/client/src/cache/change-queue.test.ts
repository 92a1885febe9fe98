import { expect, test } from "vitest";
import { utf8 } from "../codec/codec.js";
import { CacheEntry } from "./cache-entry.js";
import { ChangeQueue } from "./change-queue.js";

function entryOf(key: string): CacheEntry<string> {
  const keyBytes = utf8.encode(key);
  const numbers = { createRevision: 1n, modRevision: 1n, version: 1n, lease: 0n };
  return new CacheEntry({ key, keyBytes, valueBytes: keyBytes, ...numbers }, utf8);
}

test("whoever asks before something has come gets a change each, or the end", async () => {
  const queue = new ChangeQueue<string>(() => undefined);
  const asked = [queue.next(), queue.next(), queue.next()];
  queue.push("a", entryOf("a"), undefined);
  queue.push("b", entryOf("b"), undefined);
  queue.end({});
  const answers = await Promise.all(asked);
  expect(answers.map(({ done, value }) => (done === true ? "end" : value.key)).sort()).toEqual([
    "a",
    "b",
    "end",
  ]);
});
