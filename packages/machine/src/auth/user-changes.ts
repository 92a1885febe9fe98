/**
 * Entries that change users, and switch authentication on and off. Each checks first and changes then; a refusal leaves no trace.
 * Source: operations 4.2, 4.3.
 */
import type { RowSink } from "../apply/cluster-port.js";
import type { RefusalCode } from "../apply/refusal.js";
import type { AuthRequest } from "./auth-request.js";
import { readNoPassword } from "./auth-row.js";
import type { AuthStore } from "./auth-store.js";
import { decodeBase64 } from "./base64.js";
import { ROOT_ROLE, ROOT_USER } from "./user-permissions.js";

const NO_PASSWORD = new Uint8Array(0);

/** Why an entry was refused; undefined when it took effect. */
export type Verdict = RefusalCode | undefined;

/** Switched on already is no error, and no change. The revision stays. */
export function enableAuth(auth: AuthStore, rows: RowSink): Verdict {
  if (auth.enabled) return undefined;
  const root = auth.user(ROOT_USER);
  if (root === undefined) return "root-user-not-exist";
  if (!root.roles.includes(ROOT_ROLE)) return "root-role-not-exist";
  auth.setEnabled(true, rows);
  return undefined;
}

export function disableAuth(auth: AuthStore, rows: RowSink): Verdict {
  if (!auth.enabled) return undefined;
  auth.setEnabled(false, rows);
  auth.bumpRevision(rows);
  return undefined;
}

/** Where a request to add a user and one to change a password have the text of the hash, in base64. */
const USER_ADD_HASH = 4;
const CHANGE_PASSWORD_HASH = 3;

/**
 * The password of an entry as releases before 3.5 wrote it: as it is. Each member then makes a hash of its own.
 * @returns undefined when the entry has none, or has a hash.
 */
export function plainPassword(request: AuthRequest, isUserAdd: boolean): Uint8Array | undefined {
  const password = request.bytes(2);
  const hash = request.bytes(isUserAdd ? USER_ADD_HASH : CHANGE_PASSWORD_HASH);
  return password.length > 0 && hash.length === 0 ? password : undefined;
}

/** @param hashed the hash of `plainPassword`, when there is one. */
export function addUser(
  auth: AuthStore,
  request: AuthRequest,
  rows: RowSink,
  hashed: Uint8Array | undefined,
): Verdict {
  const name = request.name(1);
  if (name === "") return "user-empty";
  if (auth.user(name) !== undefined) return "user-already-exist";
  const noPassword = readNoPassword(request.bytes(3));
  const password = noPassword ? NO_PASSWORD : (hashed ?? decodeBase64(request.bytes(USER_ADD_HASH)));
  if (password === undefined) return "no-password-user";
  auth.putUser({ name, password, roles: [], options: { noPassword } }, rows);
  auth.bumpRevision(rows);
  return undefined;
}

export function deleteUser(auth: AuthStore, request: AuthRequest, rows: RowSink): Verdict {
  const name = request.name(1);
  if (auth.enabled && name === ROOT_USER) return "invalid-auth-mgmt";
  if (auth.user(name) === undefined) return "user-not-found";
  auth.deleteUser(name, rows);
  auth.bumpRevision(rows);
  auth.tokens.invalidateUser(name);
  return undefined;
}

/** A user without password stays without; its tokens go all the same. @param hashed as of `addUser` */
export function changePassword(
  auth: AuthStore,
  request: AuthRequest,
  rows: RowSink,
  hashed: Uint8Array | undefined,
): Verdict {
  const user = auth.user(request.name(1));
  if (user === undefined) return "user-not-found";
  const noPassword = user.options?.noPassword === true;
  const password = noPassword ? NO_PASSWORD : (hashed ?? decodeBase64(request.bytes(CHANGE_PASSWORD_HASH)));
  if (password === undefined) return "no-password-user";
  auth.putUser({ ...user, password }, rows);
  auth.bumpRevision(rows);
  auth.tokens.invalidateUser(user.name);
  return undefined;
}

/** The root role needs no object of that name. A role that is held already is no error, and no change. */
export function grantRole(auth: AuthStore, request: AuthRequest, rows: RowSink): Verdict {
  const user = auth.user(request.name(1));
  const role = request.name(2);
  if (user === undefined) return "user-not-found";
  if (role !== ROOT_ROLE && auth.role(role) === undefined) return "role-not-found";
  if (user.roles.includes(role)) return undefined;
  auth.putUser({ ...user, roles: [...user.roles, role].sort() }, rows);
  auth.bumpRevision(rows);
  return undefined;
}

export function revokeRole(auth: AuthStore, request: AuthRequest, rows: RowSink): Verdict {
  const [name, role] = [request.name(1), request.name(2)];
  if (auth.enabled && name === ROOT_USER && role === ROOT_ROLE) return "invalid-auth-mgmt";
  const user = auth.user(name);
  if (user === undefined) return "user-not-found";
  const roles = user.roles.filter((each) => each !== role);
  if (roles.length === user.roles.length) return "role-not-granted";
  auth.putUser({ ...user, roles }, rows);
  auth.bumpRevision(rows);
  return undefined;
}
