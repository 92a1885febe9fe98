/** The types that a transaction infers. Compiling this file is the test. */
import { expectTypeOf } from "vitest";
import { json } from "../codec/codec.js";
import type { Client } from "../client.js";
import type { KeyValue } from "../kv/key-value.js";
import type { PutResult, RangeResult } from "../kv/kv-options.js";
import { missing } from "./conditions.js";
import { get, getAll, put } from "./operations.js";

declare const client: Client;

interface User {
  readonly name: string;
}

export async function results(): Promise<void> {
  const txn = client
    .txn()
    .if(missing("a"))
    .do(put("a", "1"), get("b", { as: json<User>() }))
    .else(getAll({ prefix: "c" }));
  const result = await txn.commit();
  if (result.succeeded) {
    expectTypeOf(result.results).toEqualTypeOf<[PutResult<string>, KeyValue<User> | undefined]>();
    // @ts-expect-error there is no third result
    void result.results[2];
  } else {
    expectTypeOf(result.results).toEqualTypeOf<[RangeResult<KeyValue>]>();
  }
  expectTypeOf(result.revision).toEqualTypeOf<bigint>();
  const outer = await client.txn().do(txn.nested()).commit();
  if (outer.succeeded) expectTypeOf(outer.results[0]).toEqualTypeOf<Awaited<ReturnType<typeof txn.commit>>>();
}

export async function values(): Promise<void> {
  expectTypeOf((await client.get("a"))?.value).toEqualTypeOf<string | undefined>();
  expectTypeOf((await client.get("a", { as: json<User>() }))?.value).toEqualTypeOf<User | undefined>();
  // @ts-expect-error a limit is a number
  await client.getAll({ prefix: "a" }, { limit: 1n });
  // @ts-expect-error the value is not a user
  await client.put("a", { nam: "x" }, { as: json<User>() });
  // @ts-expect-error a value that is neither text nor bytes needs a codec
  await client.put("a", { name: "x" });
  // @ts-expect-error so does a number
  await client.put("a", 5);
  // @ts-expect-error what is not there can't be put
  await client.put("a", undefined, { as: json<User>() });
  // @ts-expect-error a promise was forgotten
  await client.put("a", Promise.resolve("x"));
  expectTypeOf((await client.put("a", "1", { previous: true })).previous?.value).toEqualTypeOf<
    string | undefined
  >();
  for await (const event of client.watch("a", { as: json<User>() }))
    if (event.type === "put") expectTypeOf(event.kv.value).toEqualTypeOf<User>();
    // @ts-expect-error what was deleted has no value
    else void event.kv.value;
}
