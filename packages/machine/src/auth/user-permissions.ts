/** What one user may do: the sum of the permissions of all roles it has. */
import type { Role, User } from "./auth-row.js";
import { KeyRanges } from "./key-ranges.js";
import { PERMISSION_READ, PERMISSION_READWRITE, PERMISSION_WRITE, type Permission } from "./permission.js";

/** The role that may do everything, whether or not there is an object of that name. */
export const ROOT_ROLE = "root";
export const ROOT_USER = "root";

export interface UserPermissions {
  readonly isRoot: boolean;
  readonly read: KeyRanges;
  readonly write: KeyRanges;
}

export function permissionsOf(user: User, roles: ReadonlyMap<string, Role>): UserPermissions {
  const all = user.roles.flatMap((name) => roles.get(name)?.permissions ?? []);
  const having = (type: number): Permission[] =>
    all.filter((each) => each.type === type || each.type === PERMISSION_READWRITE);
  return {
    isRoot: user.roles.includes(ROOT_ROLE),
    read: KeyRanges.of(having(PERMISSION_READ)),
    write: KeyRanges.of(having(PERMISSION_WRITE)),
  };
}
