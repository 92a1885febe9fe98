/** Types of recipes: compiling this file is the test. */
import { expectTypeOf } from "vitest";
import type { Client } from "../client.js";
import { json } from "../codec/codec.js";
import type { Document } from "../collection/document.js";
import type { Lease } from "../lease/lease.js";
import type { Lock } from "../lock/lock.js";
import { put } from "../txn/operations.js";

interface User {
  readonly name: string;
}

export async function recipesInferTypes(client: Client): Promise<void> {
  const users = client.collection("users/", json<User>());
  expectTypeOf(await users.get("ada")).toEqualTypeOf<Document<User> | undefined>();
  expectTypeOf(await users.update("ada", (user) => user)).toEqualTypeOf<Document<User> | undefined>();
  for await (const event of users.watch()) {
    if (event.kind === "put") expectTypeOf(event.document.value).toEqualTypeOf<User>();
    // @ts-expect-error a deletion has no document
    else expectTypeOf(event.document).toBeUndefined();
  }
  // @ts-expect-error a user is no number
  await users.put("ada", 7);

  const text = await client.stm(async (tx) => (await tx.get("a"))?.length ?? 0);
  expectTypeOf(text.result).toEqualTypeOf<number>();
  const typed = await client.stm((tx) => tx.getAll(["a", "b"]), { as: json<User>() });
  expectTypeOf(typed.result).toEqualTypeOf<(User | undefined)[]>();
  await client.stm(async (tx) => {
    const user = await tx.as(json<User>()).get("a");
    expectTypeOf(user).toEqualTypeOf<User | undefined>();
  });

  const cache = client.cache("users/", { as: json<User>() });
  expectTypeOf(cache.get("users/ada")?.value).toEqualTypeOf<User | undefined>();
  expectTypeOf(client.cache("texts/").get("texts/a")?.value).toEqualTypeOf<string | undefined>();

  const leader = await client.election("e", { as: json<User>() }).leader();
  expectTypeOf(leader?.value).toEqualTypeOf<User | undefined>();
  // @ts-expect-error text is no user
  await client.election("e", { as: json<User>() }).campaign("ada");
  await client.election("e").campaign("ada");

  const lock = await client.lock("l");
  expectTypeOf(lock).toEqualTypeOf<Lock>();
  expectTypeOf(lock.fencingToken).toEqualTypeOf<bigint>();
  expectTypeOf(await client.tryLock("l")).toEqualTypeOf<Lock | undefined>();
  await client.txn().if(lock.guard).do(put("a", "1")).commit();

  const lease = await client.leases.grant(10);
  expectTypeOf(lease).toEqualTypeOf<Lease>();
  expectTypeOf(lease.lost).toEqualTypeOf<AbortSignal>();
  await client.put("a", "1", { lease });
}
