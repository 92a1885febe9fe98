import { authpb, create } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { rangeOf } from "../txn/key-reach.js";
import type { KeyDraft } from "../txn/key-reach.js";
import { describePermission, judge, permissionWord } from "./permission.js";
import { deletionWarning, foreseeDisable, foreseeEnable } from "./switching.js";

const { READ, WRITE, READWRITE } = authpb.Permission_Type;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function permission(
  permType: authpb.Permission_Type,
  key: string,
  reach: KeyDraft["reach"] = "key",
): authpb.Permission {
  return create(authpb.PermissionSchema, { permType, ...rangeOf({ key, reach, end: "" }).range });
}

const reader = { name: "reader", permissions: [permission(READ, "app/", "prefix")] };
const writer = {
  name: "writer",
  permissions: [permission(WRITE, "app/x"), permission(READWRITE, "own/", "prefix")],
};

describe("permissions", () => {
  it("read as a sentence", () => {
    expect(describePermission(permission(READ, "app/", "prefix"))).toBe("Read keys beginning with app/");
    expect(describePermission(permission(READWRITE, "", "prefix"))).toBe("Read and write every key");
    expect(permissionWord(9 as authpb.Permission_Type)).toBe("Permission 9");
  });

  it.each([
    [[reader], "read", "app/x", true, "Role reader: read keys beginning with app/."],
    [[reader], "write", "app/x", false, "No permission of reader covers writing this key."],
    [[reader, writer], "write", "app/x", true, "Role writer: write app/x."],
    [[reader, writer], "write", "app/y", false, "No permission of reader or writer covers writing this key."],
    [[writer], "read", "own/1", true, "Role writer: read and write keys beginning with own/."],
    [[{ name: "root", permissions: [] }], "write", "any", true, "The role root may do everything."],
    [[], "read", "app/x", false, "The user has no role."],
  ] as const)("of %j for %s of %s", (roles, action, key, allowed, reason) => {
    expect(judge(roles, action, bytes(key))).toEqual({ allowed, reason });
  });
});

describe("switching permissions on", () => {
  const ready = { users: ["root"], rootRoles: ["root"], consoleUser: "root", consoleRoles: ["root"] };

  it("is fine when root exists and the console is root", () => {
    expect(foreseeEnable(ready)).toMatchObject({ missing: [], warnings: [] });
  });

  it.each([
    [{ rootRoles: undefined }, "A user named root is needed."],
    [{ rootRoles: ["reader"] }, "The user root needs the role root."],
  ])("needs root (%j)", (part, missing) => {
    expect(foreseeEnable({ ...ready, ...part }).missing).toEqual([missing]);
  });

  it.each([
    [{ consoleUser: "" }, "without a user name"],
    [{ consoleUser: "ann", consoleRoles: undefined }, "does not exist here"],
    [{ consoleUser: "ann", consoleRoles: ["reader"] }, "who is not root"],
  ])("warns when the console locks itself out (%j)", (part, warning) => {
    expect(foreseeEnable({ ...ready, ...part }).warnings.join()).toContain(warning);
  });

  it("off again opens everything and says so", () => {
    expect(foreseeDisable().consequence).toContain("without a password");
  });

  it("needs root to stay", () => {
    expect(deletionWarning("user", "root", true)).toContain("cannot be deleted");
    expect(deletionWarning("role", "root", false)).toContain("cannot be switched on");
    expect(deletionWarning("user", "ann", true)).toBeUndefined();
  });
});
