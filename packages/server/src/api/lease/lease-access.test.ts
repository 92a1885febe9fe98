/** Leases of others, while authentication is on. */
import { create, etcdserverpb as pb, toBinary } from "@quorate/proto";
import { beforeEach, expect, test } from "vitest";
import { AuthClient } from "../auth/testing/auth-client.js";
import { bytes } from "../testing/kv-client.js";
import { FakeBidi } from "./testing/fake-bidi.js";

const ROOT = { token: "root" };
const ALICE = { token: "alice" };
const READWRITE = 2;
const ID = 7n;

let client: AuthClient;
beforeEach(async () => {
  client = await AuthClient.create();
  await client.enable([{ permType: READWRITE, key: bytes("mine") }]);
  const grant = { ID, TTL: 60n };
  await client.call("etcdserverpb.Lease/LeaseGrant", pb.LeaseGrantRequestSchema, grant, ROOT);
});

async function put(key: string, metadata: Readonly<Record<string, string>>): Promise<string> {
  const request = { key: bytes(key), lease: ID };
  const { text } = await client.call("etcdserverpb.KV/Put", pb.PutRequestSchema, request, metadata);
  return text;
}

async function revoke(metadata: Readonly<Record<string, string>>): Promise<string> {
  const path = "etcdserverpb.Lease/LeaseRevoke";
  return (await client.call(path, pb.LeaseRevokeRequestSchema, { ID }, metadata)).text;
}

test("rule 68: who may not write a key of a lease may not revoke it, and the key stays", async () => {
  expect(await put("mine", ALICE)).toBe("ok");
  expect(await put("theirs", ROOT)).toBe("ok");
  expect(await revoke(ALICE)).toBe("etcdserver: permission denied");
  const range = { key: bytes("theirs") };
  const read = await client.call("etcdserverpb.KV/Range", pb.RangeRequestSchema, range, ROOT);
  expect(client.read(pb.RangeResponseSchema, read).count).toBe(1n);
  expect(await revoke(ROOT)).toBe("ok");
});

test("who may write all keys of a lease may revoke it", async () => {
  expect(await put("mine", ALICE)).toBe("ok");
  expect(await revoke(ALICE)).toBe("ok");
});

test("rule 68: a renewal without a name ends the stream: user name is empty", async () => {
  const call = new FakeBidi(client.transport.method("etcdserverpb.Lease/LeaseKeepAlive"), {});
  call.receive(toBinary(pb.LeaseKeepAliveRequestSchema, create(pb.LeaseKeepAliveRequestSchema, { ID })));
  expect((await call.answer).error?.message).toBe("etcdserver: user name is empty");
});
