import { expect, test } from "vitest";
import { createClients } from "../../data/clients.js";
import { createFakeConsole } from "../../testing/fake-console.js";
import { encodeUtf8 } from "../../text/escape.js";
import {
  ConflictError,
  deleteIfUnchanged,
  deletePrefix,
  previewPrefix,
  putIfUnchanged,
} from "./key-writes.js";

function open() {
  const fake = createFakeConsole();
  return { fake, clients: createClients(fake.transport, "") };
}

const key = encodeUtf8("/a");

test("a key is created once", async () => {
  const { clients, fake } = open();
  const intent = { key, value: encodeUtf8("1"), lease: 0n, seen: 0n };
  expect(await putIfUnchanged(clients, intent)).toBe(fake.store.revision);
  await expect(putIfUnchanged(clients, intent)).rejects.toThrow(ConflictError);
  expect(fake.store.get("/a")?.version).toBe(1n);
});

test("a write onto a newer state is refused and brings that state along", async () => {
  const { clients, fake } = open();
  const seen = fake.store.put(key, encodeUtf8("1"));
  fake.store.put(key, encodeUtf8("theirs"));
  const error: unknown = await putIfUnchanged(clients, {
    key,
    value: encodeUtf8("mine"),
    lease: 0n,
    seen,
  }).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(ConflictError);
  expect(new TextDecoder().decode((error as ConflictError).current?.value)).toBe("theirs");
});

test("a delete of what somebody else deleted says so", async () => {
  const { clients, fake } = open();
  const seen = fake.store.put(key, encodeUtf8("1"));
  await deleteIfUnchanged(clients, key, seen);
  await expect(deleteIfUnchanged(clients, key, seen)).rejects.toThrow("It was deleted since you looked");
});

test("a prefix is counted before it is deleted", async () => {
  const { clients, fake } = open();
  for (let at = 0; at < 12; at += 1) fake.store.put(encodeUtf8(`/p/${at}`), key);
  fake.store.put(encodeUtf8("/q"), key);
  const preview = await previewPrefix(clients, encodeUtf8("/p/"), new AbortController().signal);
  expect([preview.count, preview.first.length]).toEqual([12n, 8]);
  expect(await deletePrefix(clients, encodeUtf8("/p/"))).toBe(12n);
  expect(fake.store.get("/q")).toBeDefined();
});
