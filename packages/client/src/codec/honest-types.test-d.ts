/** Nothing has another type than text unless a codec is named that makes it so: compiling this file is the test. */
import { expectTypeOf } from "vitest";
import type { Cache } from "../cache/cache.js";
import type { Client } from "../client.js";
import type { Election } from "../election/election.js";
import type { KeyValue } from "../kv/key-value.js";
import type { DeleteResult, GetOptions, PutResult, RangeResult } from "../kv/kv-options.js";
import type { Session } from "../session/session.js";
import { get, getAll, put, remove, type Operation } from "../txn/operations.js";
import type { Watch } from "../watch/watch.js";
import { json } from "./codec.js";

interface User {
  readonly name: string;
}

const ada: User = { name: "Ada" };
const as = json<User>();

export async function readsWithoutCodecAreText(client: Client): Promise<void> {
  // @ts-expect-error a type without a codec is a promise that nobody keeps
  await client.get<User>("a");
  // @ts-expect-error also with other options
  await client.get<User>("a", { serializable: true });
  // @ts-expect-error
  await client.getAll<User>({ prefix: "a" });
  // @ts-expect-error
  client.scan<User>({ prefix: "a" });
  // @ts-expect-error
  await client.delete<User>("a", { previous: true });
  // @ts-expect-error
  client.watch<User>("a");
  // @ts-expect-error
  client.cache<User>("a");
  // @ts-expect-error
  await client.stm<number, User>(() => 1);
  // @ts-expect-error
  get<User>("a");
  // @ts-expect-error
  getAll<User>({ prefix: "a" });
  // @ts-expect-error
  remove<User>("a");

  const options: GetOptions<string> = { serializable: true };
  expectTypeOf(await client.get("a", options)).toEqualTypeOf<KeyValue | undefined>();
  expectTypeOf(await client.getAll({ prefix: "a" }, { limit: 1 })).toEqualTypeOf<RangeResult<KeyValue>>();
  expectTypeOf(client.scan({ prefix: "a" })).toEqualTypeOf<AsyncIterable<KeyValue>>();
  expectTypeOf(await client.delete("a")).toEqualTypeOf<DeleteResult<string>>();
  expectTypeOf(client.watch("a")).toEqualTypeOf<Watch>();
  expectTypeOf(client.cache("a")).toEqualTypeOf<Cache<string>>();
  expectTypeOf((await client.stm((tx) => tx.get("a"))).result).toEqualTypeOf<string | undefined>();
}

export async function readsWithCodecAreItsValues(client: Client): Promise<void> {
  expectTypeOf(await client.get("a", { as })).toEqualTypeOf<KeyValue<User> | undefined>();
  expectTypeOf(await client.get<User>("a", { as })).toEqualTypeOf<KeyValue<User> | undefined>();
  expectTypeOf(await client.getAll({ prefix: "a" }, { as })).toEqualTypeOf<RangeResult<KeyValue<User>>>();
  expectTypeOf(client.scan({ prefix: "a" }, { as })).toEqualTypeOf<AsyncIterable<KeyValue<User>>>();
  expectTypeOf(await client.delete("a", { as })).toEqualTypeOf<DeleteResult<User>>();
  expectTypeOf(client.watch("a", { as })).toEqualTypeOf<Watch<User>>();
  expectTypeOf(client.cache("a", { as })).toEqualTypeOf<Cache<User>>();
  // What is any JSON is nothing in particular.
  expectTypeOf((await client.get("a", { as: json() }))?.value).toEqualTypeOf<unknown>();
}

export function electionsOfClientAndSession(client: Client, session: Session): void {
  // @ts-expect-error a type without a codec is a promise that nobody keeps
  client.election<User>("e");
  // @ts-expect-error
  session.election<User>("e");
  expectTypeOf(client.election("e", { ttlSeconds: 5 })).toEqualTypeOf<Election<string>>();
  expectTypeOf(client.election("e", { as })).toEqualTypeOf<Election<User>>();
  expectTypeOf(session.election("e")).toEqualTypeOf<Election<string>>();
  expectTypeOf(session.election("e", { as })).toEqualTypeOf<Election<User>>();
}

export async function previousValuesAreWhatReadsThem(client: Client): Promise<void> {
  expectTypeOf(await client.put("a", "1", { previous: true })).toEqualTypeOf<PutResult<string>>();
  expectTypeOf(await client.put("a", ada, { as, previous: true })).toEqualTypeOf<PutResult<User>>();
  expectTypeOf(await client.put("a", "1", { previousAs: as })).toEqualTypeOf<PutResult<User>>();
  expectTypeOf(await client.put("a", ada, { as, previousAs: json<number>() })).toEqualTypeOf<
    PutResult<number>
  >();
  // @ts-expect-error a previous value without a codec is text
  await client.put<User>("a", "1", { previous: true });
  expectTypeOf(put("a", "1")).toEqualTypeOf<Operation<PutResult<string>>>();
  expectTypeOf(put("a", ada, { as })).toEqualTypeOf<Operation<PutResult<User>>>();
  expectTypeOf(put("a", new Uint8Array(), { previousAs: as })).toEqualTypeOf<Operation<PutResult<User>>>();
  // @ts-expect-error a value that is neither text nor bytes needs a codec, in a transaction too
  put("a", ada);
  // @ts-expect-error a promise was forgotten
  put("a", Promise.resolve("x"));
  // @ts-expect-error what is not there can't be put
  put("a", undefined, { as });
}

export async function rangesAreOneThing(client: Client): Promise<void> {
  // @ts-expect-error a prefix, or a beginning
  await client.getAll({ prefix: "a", from: "b" });
  // @ts-expect-error nor an end
  await client.delete({ prefix: "a", to: "b" });
  // @ts-expect-error neither
  await client.getAll({});
  // @ts-expect-error an end alone is no range
  await client.getAll({ to: "b" });
  await client.getAll({ from: "a", to: "b" });
}
