/** Entries about users and roles: what they change, what they refuse, what they store. Rule numbers are those of operations 13. */
import { authpb, etcdserverpb as pb } from "@quorate/proto";
import { beforeEach, describe, expect, test } from "vitest";
import { AuthBench, NOBODY_ASKS, ROOT, hashed, latin1, textOf } from "./testing/auth-bench.js";

const { READ, WRITE, READWRITE } = authpb.Permission_Type;
const TYPE_NAMES = ["READ", "WRITE", "READWRITE"];

let bench: AuthBench;
beforeEach(async () => {
  bench = await AuthBench.create();
});

const permission = (
  key: string,
  rangeEnd = "",
  permType: authpb.Permission_Type = READ,
): { key: Uint8Array; rangeEnd: Uint8Array; permType: authpb.Permission_Type } => ({
  key: latin1(key),
  rangeEnd: latin1(rangeEnd),
  permType,
});

const permissionsOf = async (role: string): Promise<string[]> => {
  const { perm } = await bench.answer({ authRoleGet: { role } }, pb.AuthRoleGetResponseSchema);
  return perm.map(
    ({ key, rangeEnd, permType }) => `${textOf(key)}-${textOf(rangeEnd)} ${TYPE_NAMES[permType]}`,
  );
};

describe("switching on and off", () => {
  test("rule 35: root has to be there and to have its role; twice is fine", async () => {
    expect(await bench.verdict({ authEnable: {} })).toBe("root-user-not-exist");
    await bench.addUser("root");
    expect(await bench.verdict({ authEnable: {} })).toBe("root-role-not-exist");
    expect(await bench.verdict({ authUserGrantRole: { user: "root", role: "root" } })).toBe("ok");
    expect(await bench.verdict({ authEnable: {} })).toBe("ok");
    expect(await bench.verdict({ authEnable: {} })).toBe("ok");
    expect(bench.tokens.told).toEqual(["disable", "enable"]);
  });

  test("the revision counts changes and switching off, not switching on", async () => {
    expect(bench.auth.revision).toBe(1);
    await bench.enable();
    expect(bench.auth.revision).toBe(3);
    await bench.apply({ authDisable: {} });
    await bench.apply({ authDisable: {} });
    expect(bench.auth.revision).toBe(4);
    expect(bench.tokens.told).toEqual(["disable", "enable", "disable"]);
  });

  test("rule 37: the store's revision stays, and everything is there after a restart", async () => {
    await bench.enable({ alice: [permission("a", "b", READWRITE)] });
    const before = await bench.rows();
    await bench.restart();
    expect(await bench.rows()).toEqual(before);
    expect([bench.store.revision, bench.auth.revision, bench.auth.enabled]).toEqual([1, 7, true]);
    expect(await bench.verdict({ put: { key: latin1("a") } }, { user: "alice" })).toBe("ok");
    expect(await bench.verdict({ put: { key: latin1("b") } }, { user: "alice" })).toBe("permission-denied");
  });

  test("the state is told to everybody", async () => {
    await bench.enable();
    const status = await bench.answer({ authStatus: {} }, pb.AuthStatusResponseSchema, NOBODY_ASKS);
    expect(status).toMatchObject({ enabled: true, authRevision: 3n });
  });
});

describe("users", () => {
  test("rule 36: names are not empty and not taken", async () => {
    expect(await bench.addUser("")).toBe("user-empty");
    expect(await bench.addUser("u")).toBe("ok");
    expect(await bench.addUser("u")).toBe("user-already-exist");
    expect(bench.auth.revision).toBe(2);
  });

  test("are listed by the bytes of their names", async () => {
    for (const name of ["b", "a", "é", "ab", "Z", "\u{10000}", "\uffff"]) await bench.addUser(name);
    const { users } = await bench.answer({ authUserList: {} }, pb.AuthUserListResponseSchema);
    expect(users).toEqual(["Z", "a", "ab", "b", "é", "\uffff", "\u{10000}"]);
  });

  test("rows are etcd's, options also when there is nothing in them", async () => {
    await bench.addUser("u");
    await bench.apply({
      authUserAdd: { name: "n", options: { noPassword: true }, hashedPassword: hashed("x") },
    });
    await bench.apply({ authRoleAdd: { name: "r" } });
    await bench.apply({ authRoleGrantPermission: { name: "r", perm: permission("a", "b", WRITE) } });
    await bench.apply({ authUserGrantRole: { user: "u", role: "r" } });
    expect(await bench.rows()).toEqual([
      "auth/authRevision 0000000000000006",
      "authRoles/r 0a0172120808011201611a0162",
      "authUsers/n 0a016e22020801",
      `authUsers/u 0a01751206${Buffer.from("hash-u").toString("hex")}1a01722200`,
    ]);
  });

  test("a role is granted once, kept sorted, and taken back", async () => {
    await bench.addUser("u");
    const grant = (role: string): Promise<string> =>
      bench.verdict({ authUserGrantRole: { user: "u", role } });
    expect(await grant("r")).toBe("role-not-found");
    for (const name of ["r", "a"]) await bench.apply({ authRoleAdd: { name } });
    expect([await grant("r"), await grant("a"), await grant("root")]).toEqual(["ok", "ok", "ok"]);
    const { revision } = bench.auth;
    expect(await grant("r")).toBe("ok");
    expect(bench.auth.revision).toBe(revision);
    const { roles } = await bench.answer({ authUserGet: { name: "u" } }, pb.AuthUserGetResponseSchema);
    expect(roles).toEqual(["a", "r", "root"]);
    const revoke = (role: string): Promise<string> =>
      bench.verdict({ authUserRevokeRole: { name: "u", role } });
    expect([await revoke("r"), await revoke("r")]).toEqual(["ok", "role-not-granted"]);
    expect(await bench.verdict({ authUserGrantRole: { user: "x", role: "a" } })).toBe("user-not-found");
    expect(await bench.verdict({ authUserRevokeRole: { name: "x", role: "a" } })).toBe("user-not-found");
  });

  test("root keeps itself and its role while authentication is on", async () => {
    await bench.enable();
    expect(await bench.verdict({ authUserDelete: { name: "root" } })).toBe("invalid-auth-mgmt");
    expect(await bench.verdict({ authUserRevokeRole: { name: "root", role: "root" } })).toBe(
      "invalid-auth-mgmt",
    );
    expect(await bench.verdict({ authRoleDelete: { role: "root" } })).toBe("invalid-auth-mgmt");
    await bench.apply({ authDisable: {} });
    expect(await bench.verdict({ authUserRevokeRole: { name: "root", role: "root" } })).toBe("ok");
    expect(await bench.verdict({ authUserDelete: { name: "root" } })).toBe("ok");
  });

  test("a new password or the end of a user voids the user's tokens", async () => {
    await bench.enable({ alice: [] });
    bench.tokens.told.length = 0;
    const hashedPassword = hashed("new");
    expect(await bench.verdict({ authUserChangePassword: { name: "alice", hashedPassword } })).toBe("ok");
    expect(textOf(bench.auth.user("alice")?.password ?? latin1(""))).toBe("new");
    expect(bench.auth.user("alice")?.roles).toEqual(["alice"]);
    expect(await bench.verdict({ authUserDelete: { name: "alice" } })).toBe("ok");
    expect(bench.tokens.told).toEqual(["invalidate alice", "invalidate alice"]);
    expect(await bench.verdict({ authUserDelete: { name: "alice" } })).toBe("user-not-found");
    expect(await bench.verdict({ authUserChangePassword: { name: "alice", hashedPassword } })).toBe(
      "user-not-found",
    );
  });

  test("a user without password gets none", async () => {
    await bench.apply({ authUserAdd: { name: "n", options: { noPassword: true } } });
    expect(await bench.verdict({ authUserChangePassword: { name: "n", hashedPassword: hashed("x") } })).toBe(
      "ok",
    );
    expect(bench.auth.user("n")).toMatchObject({ password: latin1(""), options: { noPassword: true } });
  });

  test("passwords of old releases are hashed here; what is not base64 is no hash", async () => {
    expect(await bench.verdict({ authUserAdd: { name: "old", password: "pw" } })).toBe("ok");
    expect(textOf(bench.auth.user("old")?.password ?? latin1(""))).toBe("hash of pw");
    expect(await bench.verdict({ authUserChangePassword: { name: "old", password: "pw2" } })).toBe("ok");
    expect(textOf(bench.auth.user("old")?.password ?? latin1(""))).toBe("hash of pw2");
    expect(await bench.verdict({ authUserAdd: { name: "odd", hashedPassword: "?" } })).toBe(
      "no-password-user",
    );
    expect(bench.auth.user("odd")).toBeUndefined();
  });
});

describe("roles", () => {
  test("names are not empty and not taken", async () => {
    expect(await bench.verdict({ authRoleAdd: { name: "" } })).toBe("role-empty");
    expect(await bench.verdict({ authRoleAdd: { name: "r" } })).toBe("ok");
    expect(await bench.verdict({ authRoleAdd: { name: "r" } })).toBe("role-already-exist");
    expect(await bench.verdict({ authRoleGet: { role: "x" } })).toBe("role-not-found");
    expect(await bench.verdict({ authRoleDelete: { role: "x" } })).toBe("role-not-found");
  });

  test("permissions are sorted by key; the same range gets a new type", async () => {
    await bench.apply({ authRoleAdd: { name: "r" } });
    const grant = (perm: ReturnType<typeof permission>): Promise<string> =>
      bench.verdict({ authRoleGrantPermission: { name: "r", perm } });
    for (const perm of [permission("b"), permission("a", "c"), permission("b", "", WRITE)])
      expect(await grant(perm)).toBe("ok");
    expect(await permissionsOf("r")).toEqual(["a-c READ", "b- WRITE"]);
    // Only the first with that key is looked at, so the second range of a key may come twice.
    for (const perm of [permission("a", "d"), permission("a", "d", WRITE)])
      expect(await grant(perm)).toBe("ok");
    expect(await permissionsOf("r")).toEqual(["a-c READ", "a-d READ", "a-d WRITE", "b- WRITE"]);
    expect(bench.auth.revision).toBe(7);
  });

  test("a permission is for keys that there can be", async () => {
    await bench.apply({ authRoleAdd: { name: "r" } });
    const grant = (perm: ReturnType<typeof permission> | undefined): Promise<string> =>
      bench.verdict({ authRoleGrantPermission: perm === undefined ? { name: "r" } : { name: "r", perm } });
    expect(await grant(undefined)).toBe("permission-not-given");
    for (const perm of [permission("b", "a"), permission("b", "b"), permission(""), permission("", "\0")])
      expect(await grant(perm)).toBe("invalid-auth-mgmt");
    expect(await grant(permission("b", "\0"))).toBe("ok");
    expect(await bench.verdict({ authRoleGrantPermission: { name: "x", perm: permission("a") } })).toBe(
      "role-not-found",
    );
  });

  test("rule 38: a part of a range is not taken back", async () => {
    await bench.apply({ authRoleAdd: { name: "r" } });
    for (const perm of [permission("a", "d"), permission("a"), permission("a", "d", WRITE)])
      await bench.apply({ authRoleGrantPermission: { name: "r", perm } });
    const revoke = (key: string, rangeEnd = ""): Promise<string> =>
      bench.verdict({
        authRoleRevokePermission: { role: "r", key: latin1(key), rangeEnd: latin1(rangeEnd) },
      });
    expect(await revoke("a", "b")).toBe("permission-not-granted");
    expect(await revoke("a", "d")).toBe("ok");
    expect(await permissionsOf("r")).toEqual(["a- READ"]);
    expect(await bench.verdict({ authRoleRevokePermission: { role: "x", key: latin1("a") } })).toBe(
      "role-not-found",
    );
  });

  test("one that goes, goes from all users", async () => {
    await bench.enable({ alice: [permission("a")], bob: [permission("b")] });
    await bench.apply({ authUserGrantRole: { user: "bob", role: "alice" } });
    const { revision } = bench.auth;
    expect(await bench.verdict({ authRoleDelete: { role: "alice" } })).toBe("ok");
    expect(bench.auth.revision).toBe(revision + 1);
    expect([bench.auth.user("alice")?.roles, bench.auth.user("bob")?.roles]).toEqual([[], ["bob"]]);
    const { roles } = await bench.answer({ authRoleList: {} }, pb.AuthRoleListResponseSchema);
    expect(roles).toEqual(["bob"]);
  });

  test("the root role shows everything, however its object looks, and needs none", async () => {
    expect(await bench.verdict({ authRoleGet: { role: "root" } })).toBe("role-not-found");
    await bench.apply({ authRoleAdd: { name: "root" } });
    await bench.apply({ authRoleGrantPermission: { name: "root", perm: permission("a") } });
    expect(await permissionsOf("root")).toEqual(["-\0 READWRITE"]);
  });
});

describe("who may manage", () => {
  beforeEach(() => bench.enable({ alice: [permission("a")], bob: [] }));

  const changes: [string, Parameters<AuthBench["apply"]>[0]][] = [
    ["AuthEnable", { authEnable: {} }],
    ["AuthDisable", { authDisable: {} }],
    ["UserAdd", { authUserAdd: { name: "x" } }],
    ["UserDelete", { authUserDelete: { name: "bob" } }],
    ["UserChangePassword", { authUserChangePassword: { name: "alice" } }],
    ["UserGrantRole", { authUserGrantRole: { user: "alice", role: "bob" } }],
    ["UserRevokeRole", { authUserRevokeRole: { name: "alice", role: "alice" } }],
    ["UserList", { authUserList: {} }],
    ["RoleAdd", { authRoleAdd: { name: "x" } }],
    ["RoleDelete", { authRoleDelete: { role: "bob" } }],
    ["RoleList", { authRoleList: {} }],
    ["RoleGrantPermission", { authRoleGrantPermission: { name: "bob", perm: permission("b") } }],
    ["RoleRevokePermission", { authRoleRevokePermission: { role: "alice", key: latin1("a") } }],
  ];

  test.each(changes)(
    "%s is for those who have the root role, at whichever revision",
    async (_name, request) => {
      const before = await bench.rows();
      expect(await bench.verdict(request, NOBODY_ASKS)).toBe("user-empty");
      expect(await bench.verdict(request, { user: "alice" })).toBe("permission-denied");
      expect(await bench.verdict(request, { user: "ghost" })).toBe("user-not-found");
      expect(await bench.rows()).toEqual(before);
      expect(await bench.verdict(request, { user: "root", revision: 1 })).toBe("ok");
    },
  );

  test("users see themselves and their roles", async () => {
    const alice = { user: "alice" };
    expect(await bench.verdict({ authUserGet: { name: "alice" } }, alice)).toBe("ok");
    expect(await bench.verdict({ authUserGet: { name: "bob" } }, alice)).toBe("permission-denied");
    expect(await bench.verdict({ authRoleGet: { role: "alice" } }, alice)).toBe("ok");
    expect(await bench.verdict({ authRoleGet: { role: "bob" } }, alice)).toBe("permission-denied");
    expect(await bench.verdict({ authUserGet: { name: "alice" } }, NOBODY_ASKS)).toBe("user-empty");
    expect(await bench.verdict({ authRoleGet: { role: "alice" } }, NOBODY_ASKS)).toBe("user-empty");
  });

  test("the user named root is nobody special without the role", async () => {
    await bench.apply({ authUserGrantRole: { user: "alice", role: "root" } });
    await bench.apply({ authDisable: {} });
    await bench.apply({ authUserRevokeRole: { name: "root", role: "root" } });
    expect(await bench.verdict({ authEnable: {} })).toBe("root-role-not-exist");
  });
});

describe("logins", () => {
  const login = { authenticate: { name: "alice", simpleToken: "abc" } };

  test("need authentication to be on, and a user with a password", async () => {
    expect(await bench.verdict(login)).toBe("auth-not-enabled");
    await bench.enable({ alice: [] });
    await bench.apply({ authUserAdd: { name: "n", options: { noPassword: true } } });
    expect(await bench.verdict({ authenticate: { name: "n" } }, NOBODY_ASKS)).toBe("auth-failed");
    expect(await bench.verdict({ authenticate: { name: "ghost" } }, NOBODY_ASKS)).toBe("auth-failed");
    const { token } = await bench.answer(login, pb.AuthenticateResponseSchema, NOBODY_ASKS);
    expect(token).toBe("t.1");
    expect(bench.tokens.logins).toEqual([
      {
        user: "alice",
        prefix: "abc",
        index: bench.index,
        revision: bench.auth.revision,
        password: bench.auth.user("alice")?.password,
      },
    ]);
  });

  test("signed tokens are made when they are wanted, and not by those who only verify", async () => {
    await bench.enable({ alice: [] });
    bench.tokens.issued = { kind: "later", sign: () => Promise.resolve("signed") };
    expect(await bench.answer(login, pb.AuthenticateResponseSchema, NOBODY_ASKS)).toMatchObject({
      token: "signed",
    });
    bench.tokens.issued = { kind: "refused", refusal: "verify-only-key" };
    expect(await bench.verdict(login, NOBODY_ASKS)).toBe("verify-only-key");
  });
});

test("a database from the leader brings its users; tokens of those who changed meanwhile are void", async () => {
  await bench.enable({ alice: [], bob: [], carol: [] });
  const { auth } = bench;
  const other = await AuthBench.create();
  await other.enable({ alice: [], bob: [] });
  await other.apply({ authUserChangePassword: { name: "bob", hashedPassword: hashed("new") } });
  bench.tokens.told.length = 0;
  auth.adopt(other.auth);
  expect(bench.tokens.told).toEqual(["enable", "invalidate bob", "invalidate carol"]);
  expect([auth.revision, auth.user("carol")]).toEqual([other.auth.revision, undefined]);
  expect(await bench.verdict({ authUserList: {} }, ROOT)).toBe("ok");
});
