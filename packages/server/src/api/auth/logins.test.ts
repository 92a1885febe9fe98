/** Logins and whom tokens, certificates and old revisions stand for. Rule numbers are those of operations 13. */
import { etcdserverpb as pb, fromBinary, GrpcStatus, type authpb } from "@quorate/proto";
import { beforeEach, describe, expect, test } from "vitest";
import type { TokenOwner } from "../ports/credentials-port.js";
import { FakeMetadata } from "../testing/fake-calls.js";
import { bytes } from "../testing/kv-client.js";
import { Identities, NO_CALLER } from "./identities.js";
import { AuthClient, type CallResult } from "./testing/auth-client.js";

let client: AuthClient;
beforeEach(async () => {
  client = await AuthClient.create();
});

const PUT = "etcdserverpb.KV/Put";
const logIn = (name: string, password: string): Promise<CallResult> =>
  client.call("etcdserverpb.Auth/Authenticate", pb.AuthenticateRequestSchema, { name, password });
const READ_K = { key: bytes("k"), permType: 0 as authpb.Permission_Type };

describe("a login", () => {
  test("needs authentication to be on", async () => {
    expect(await logIn("root", "x")).toMatchObject({
      code: GrpcStatus.FailedPrecondition,
      text: "etcdserver: authentication is not enabled",
    });
  });

  test("gives a token for the right password; anything else has one answer", async () => {
    await client.enable();
    const { token } = client.read(pb.AuthenticateResponseSchema, await logIn("alice", "pw-alice"));
    expect(token).toBe(`alice/prefix.${client.fixture.member.appliedIndex}`);
    const failed = {
      code: GrpcStatus.InvalidArgument,
      text: "etcdserver: authentication failed, invalid user ID or password",
    };
    expect(await logIn("alice", "wrong")).toMatchObject(failed);
    expect(await logIn("ghost", "pw-alice")).toMatchObject(failed);
    expect(client.warnings).toHaveLength(2);
    expect(JSON.stringify(client.warnings)).not.toContain("wrong");
  });

  test("rule 36: a user without password can't", async () => {
    await client.enable();
    await client.demand("UserAdd", pb.AuthUserAddRequestSchema, { name: "n", options: { noPassword: true } });
    expect(await logIn("n", "")).toMatchObject({
      code: GrpcStatus.Unknown,
      text: "auth: authentication failed, password was given for no password user",
    });
  });

  test("does not mind a token that is none: it may be why the client logs in again", async () => {
    await client.enable();
    const request = { name: "alice", password: "pw-alice" };
    const path = "etcdserverpb.Auth/Authenticate";
    const { text } = await client.call(path, pb.AuthenticateRequestSchema, request, { token: "stolen" });
    expect(text).toBe("ok");
  });

  test("begins again when users have changed meanwhile", async () => {
    await client.enable();
    client.credentials.beforeAnswer = async () => {
      client.credentials.beforeAnswer = () => Promise.resolve();
      await client.demand("UserChangePassword", pb.AuthUserChangePasswordRequestSchema, {
        name: "alice",
        password: "new",
      });
    };
    expect(await logIn("alice", "pw-alice")).toMatchObject({ code: GrpcStatus.InvalidArgument });
    expect(client.credentials.attempts).toEqual(["pw-alice", "pw-alice"]);
  });

  test("of a client that has left costs no more", async () => {
    await client.enable();
    const { entries } = client.fixture.member;
    const call = client.start("etcdserverpb.Auth/Authenticate", pb.AuthenticateRequestSchema, {
      name: "alice",
      password: "pw-alice",
    });
    const before = entries.length;
    call.cancel();
    for (let i = 0; i < 5; i++) await client.fixture.member.yieldTurn();
    expect([entries.length, client.credentials.attempts]).toEqual([before, []]);
  });
});

describe("passwords", () => {
  test("never come into the log", async () => {
    await client.enable();
    await client.demand("UserChangePassword", pb.AuthUserChangePasswordRequestSchema, {
      name: "alice",
      password: "secret",
    });
    const noPassword = { name: "n", password: "secret", options: { noPassword: true } };
    await client.demand("UserAdd", pb.AuthUserAddRequestSchema, noPassword);
    await logIn("alice", "secret");
    const log = client.fixture.member.entries.map((entry) => Buffer.from(entry).toString("latin1")).join();
    expect(log).not.toContain("secret");
    expect(log).not.toContain("pw-alice");
  });

  test("are hashed for administrators only", async () => {
    await client.enable();
    client.credentials.hashCount = 0;
    for (const metadata of [{}, { token: "alice" }, { token: "stolen" }]) {
      const request = { name: "x", password: "y" };
      const { text } = await client.call(
        "etcdserverpb.Auth/UserAdd",
        pb.AuthUserAddRequestSchema,
        request,
        metadata,
      );
      expect(text).not.toBe("ok");
    }
    expect(client.credentials.hashCount).toBe(0);
  });

  test("are not set while members are there that would take a hashed one for none", async () => {
    await client.enable();
    Object.assign(client.fixture.member.storage, { schemaVersion: "3.4.0" });
    for (const method of ["UserAdd", "UserChangePassword"] as const) {
      const schema =
        method === "UserAdd" ? pb.AuthUserAddRequestSchema : pb.AuthUserChangePasswordRequestSchema;
      const asked = { name: "alice", password: "new" };
      const { text } = await client.call(`etcdserverpb.Auth/${method}`, schema, asked, { token: "root" });
      expect(text).toBe("etcdserver: not capable");
    }
    const noPassword = { name: "n", options: { noPassword: true } };
    await client.demand("UserAdd", pb.AuthUserAddRequestSchema, noPassword);
  });

  test("an empty one is stored as no password at all", async () => {
    await client.enable();
    await client.demand("UserChangePassword", pb.AuthUserChangePasswordRequestSchema, { name: "alice" });
    expect(client.fixture.member.auth.user("alice")?.password).toHaveLength(0);
  });
});

describe("whom a call is from", () => {
  const identify = (
    metadata: Readonly<Record<string, string>>,
    peerCommonName?: string,
  ): ReturnType<Identities["of"]> => {
    const { auth } = client.fixture.member;
    return new Identities(auth, client.credentials).of({
      metadata: new FakeMetadata(metadata),
      peerCommonName,
    });
  };

  beforeEach(async () => {
    await client.enable([READ_K]);
    client.credentials.trustsCertificates = true;
  });

  test("the token in `token` comes before the one in `authorization`, and both before the certificate", () => {
    expect(identify({ token: "root", authorization: "alice" }, "bob")).toMatchObject({ user: "root" });
    expect(identify({ authorization: "alice" }, "bob")).toMatchObject({ user: "alice" });
    expect(identify({}, "bob")).toMatchObject({ user: "bob", revision: client.fixture.member.auth.revision });
    expect(identify({ token: "stolen" }, "bob")).toBe("invalid-auth-token");
  });

  test("one `Bearer ` is taken off", () => {
    expect(identify({ authorization: "Bearer alice" })).toMatchObject({ user: "alice" });
    expect(identify({ token: "Bearer Bearer alice" })).toBe("invalid-auth-token");
  });

  test("a gateway's certificate names nobody; neither does any without --client-cert-auth", () => {
    expect(identify({ "grpcgateway-accept": "*/*" }, "bob")).toBe(NO_CALLER);
    client.credentials.trustsCertificates = false;
    expect(identify({}, "bob")).toBe(NO_CALLER);
  });

  test("names are UTF-8 in entries", () => {
    expect(identify({}, "jürgen")).toMatchObject({ userBytes: new Uint8Array(Buffer.from("jürgen")) });
  });
});

describe("revisions", () => {
  const range = { key: bytes("k") };
  const old = (user: string, revision: number): Readonly<Record<string, string>> => {
    client.credentials.owners.set("dated", { user, revision });
    return { token: "dated" };
  };

  beforeEach(() => client.enable([READ_K]));

  test("rule 47: a token that is older, or newer, than what is applied here is sent back", async () => {
    const { revision } = client.fixture.member.auth;
    const read = async (at: number): Promise<string> =>
      (await client.call("etcdserverpb.KV/Range", pb.RangeRequestSchema, range, old("alice", at))).text;
    expect(await read(revision)).toBe("ok");
    expect(await read(revision - 1)).toBe("etcdserver: revision of auth store is old");
    expect(await read(revision + 1)).toBe("etcdserver: revision of auth store is old");
    const put = await client.call(PUT, pb.PutRequestSchema, range, old("alice", revision - 1));
    expect(put.text).toBe("etcdserver: revision of auth store is old");
  });

  test("keys of a lease that were asked of another turn are not shown after a change", async () => {
    const root = { token: "root" };
    await client.call(
      "etcdserverpb.Lease/LeaseGrant",
      pb.LeaseGrantRequestSchema,
      { ID: 7n, TTL: 60n },
      root,
    );
    await client.call(PUT, pb.PutRequestSchema, { key: bytes("k"), lease: 7n }, root);
    const ask = (): Promise<CallResult> =>
      client.call(
        "etcdserverpb.Lease/LeaseTimeToLive",
        pb.LeaseTimeToLiveRequestSchema,
        { ID: 7n, keys: true },
        { token: "alice" },
      );
    expect(client.read(pb.LeaseTimeToLiveResponseSchema, await ask()).keys).toHaveLength(1);
    const asked = ask();
    client.fixture.member.auth.bumpRevision(() => undefined);
    expect((await asked).text).toBe("etcdserver: revision of auth store is old");
  });
});

test("a call whose token is known only later waits, with its message kept", async () => {
  await client.enable();
  let resolve: (owner: TokenOwner) => void = () => undefined;
  client.credentials.owners.set("late", new Promise((done) => (resolve = done)));
  const call = client.start(PUT, pb.PutRequestSchema, { key: bytes("late-key") }, { token: "late" });
  for (let i = 0; i < 3; i++) await client.fixture.member.yieldTurn();
  expect(call.ended).toBe(false);
  const owner = { user: "root", revision: undefined };
  client.credentials.owners.set("late", owner);
  resolve(owner);
  expect((await call.answer).error).toBeUndefined();
  const { messages } = await client.call(
    "etcdserverpb.KV/Range",
    pb.RangeRequestSchema,
    { key: bytes("late-key") },
    { token: "root" },
  );
  expect(fromBinary(pb.RangeResponseSchema, messages[0] ?? new Uint8Array(0)).count).toBe(1n);
});

test("an expired lease goes although nobody's token asked for it", async () => {
  await client.enable();
  const root = { token: "root" };
  await client.call("etcdserverpb.Lease/LeaseGrant", pb.LeaseGrantRequestSchema, { ID: 9n, TTL: 2n }, root);
  await client.call(PUT, pb.PutRequestSchema, { key: bytes("gone"), lease: 9n }, root);
  await client.fixture.time.advance(6000);
  expect(client.fixture.lessor.exists(9n)).toBe(false);
});

test("rule 44: a role that was taken back counts no more, with the next call", async () => {
  await client.enable([READ_K]);
  const read = async (): Promise<string> => {
    const path = "etcdserverpb.KV/RangeStream";
    return (await client.call(path, pb.RangeRequestSchema, { key: bytes("k") }, { token: "alice" })).text;
  };
  expect(await read()).toBe("ok");
  await client.demand("UserRevokeRole", pb.AuthUserRevokeRoleRequestSchema, { name: "alice", role: "r" });
  expect(await read()).toBe("etcdserver: permission denied");
});
