/** Permissions of roles in words, and the question they answer: may this user do that to this key? */
import { authpb } from "@quorate/proto";
import { describeRange, rangeContains } from "../txn/key-reach.js";

const { Permission_Type: Type } = authpb;

/** May do everything, also to keys that no permission names, once permissions are checked at all. */
export const ROOT = "root";

export type Action = "read" | "write";

export interface RoleView {
  readonly name: string;
  readonly permissions: readonly authpb.Permission[];
}

export function permissionAllows(type: authpb.Permission_Type, action: Action): boolean {
  if (type === Type.READWRITE) return true;
  return type === (action === "read" ? Type.READ : Type.WRITE);
}

export function permissionWord(type: authpb.Permission_Type): string {
  switch (type) {
    case Type.READ:
      return "Read";
    case Type.WRITE:
      return "Write";
    case Type.READWRITE:
      return "Read and write";
    default:
      return `Permission ${type}`;
  }
}

/** `Read keys beginning with app/`. */
export function describePermission(permission: authpb.Permission): string {
  return `${permissionWord(permission.permType)} ${describeRange(permission)}`;
}

export interface Verdict {
  readonly allowed: boolean;
  /** Why, naming role and permission, or what is missing. */
  readonly reason: string;
}

/** @param roles the roles that the user has. */
export function judge(roles: readonly RoleView[], action: Action, key: Uint8Array): Verdict {
  for (const role of roles) {
    if (role.name === ROOT) return { allowed: true, reason: "The role root may do everything." };
    const found = role.permissions.find(
      (permission) => permissionAllows(permission.permType, action) && rangeContains(permission, key),
    );
    if (found !== undefined) {
      const what = describePermission(found);
      return {
        allowed: true,
        reason: `Role ${role.name}: ${what.slice(0, 1).toLowerCase()}${what.slice(1)}.`,
      };
    }
  }
  if (roles.length === 0) return { allowed: false, reason: "The user has no role." };
  const verb = action === "read" ? "reading" : "writing";
  return {
    allowed: false,
    reason: `No permission of ${listWords(roles.map((role) => role.name))} covers ${verb} this key.`,
  };
}

function listWords(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1) ?? ""}`;
}
