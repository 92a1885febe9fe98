/** Entries that change roles. Each checks first and changes then; a refusal leaves no trace. Source: operations 4.3. */
import type { RowSink } from "../apply/cluster-port.js";
import { compareBytes } from "../mvcc/byte-range.js";
import type { AuthRequest } from "./auth-request.js";
import { decodePermission } from "./auth-row.js";
import type { AuthStore } from "./auth-store.js";
import { namesKeys } from "./permission.js";
import { ROOT_ROLE } from "./user-permissions.js";
import type { Verdict } from "./user-changes.js";

export function addRole(auth: AuthStore, request: AuthRequest, rows: RowSink): Verdict {
  const name = request.name(1);
  if (name === "") return "role-empty";
  if (auth.role(name) !== undefined) return "role-already-exist";
  auth.putRole({ name, permissions: [] }, rows);
  auth.bumpRevision(rows);
  return undefined;
}

/** Users lose it too. */
export function deleteRole(auth: AuthStore, request: AuthRequest, rows: RowSink): Verdict {
  const name = request.name(1);
  if (auth.enabled && name === ROOT_ROLE) return "invalid-auth-mgmt";
  if (auth.role(name) === undefined) return "role-not-found";
  auth.deleteRole(name, rows);
  for (const user of [...auth.users()]) {
    const roles = user.roles.filter((each) => each !== name);
    if (roles.length < user.roles.length) auth.putUser({ ...user, roles }, rows);
  }
  auth.bumpRevision(rows);
  return undefined;
}

/**
 * Only the first permission with that key is looked at: when its range end is the same too, it gets the new type; otherwise one more is
 * added. So a role may come to hold the same range twice, in clusters of etcd as here.
 */
export function grantPermission(auth: AuthStore, request: AuthRequest, rows: RowSink): Verdict {
  const message = request.message(2);
  if (message === undefined) return "permission-not-given";
  const granted = decodePermission(message);
  if (!namesKeys(granted)) return "invalid-auth-mgmt";
  const role = auth.role(request.name(1));
  if (role === undefined) return "role-not-found";
  const permissions = [...role.permissions];
  const at = permissions.findIndex(({ key }) => compareBytes(key, granted.key) >= 0);
  const first = permissions[at];
  const isSame =
    first !== undefined &&
    compareBytes(first.key, granted.key) === 0 &&
    compareBytes(first.rangeEnd, granted.rangeEnd) === 0;
  if (isSame) permissions[at] = { ...first, type: granted.type };
  else permissions.push(granted);
  permissions.sort((a, b) => compareBytes(a.key, b.key));
  auth.putRole({ ...role, permissions }, rows);
  auth.bumpRevision(rows);
  return undefined;
}

/** Takes back all permissions of exactly that range, of whichever type. */
export function revokePermission(auth: AuthStore, request: AuthRequest, rows: RowSink): Verdict {
  const role = auth.role(request.name(1));
  if (role === undefined) return "role-not-found";
  const [key, rangeEnd] = [request.bytes(2), request.bytes(3)];
  const permissions = role.permissions.filter(
    (each) => compareBytes(each.key, key) !== 0 || compareBytes(each.rangeEnd, rangeEnd) !== 0,
  );
  if (permissions.length === role.permissions.length) return "permission-not-granted";
  auth.putRole({ ...role, permissions }, rows);
  auth.bumpRevision(rows);
  return undefined;
}
