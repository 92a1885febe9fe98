/**
 * Entries about users, roles and logins. What is checked here is checked alike on every member; rows go to the transaction of the
 * entry. Management asks for the root role and not for the newest revision; who logs in was looked at before.
 * Source: raft-peers-formats 4.7, items 8 to 11.
 */
import { AuthRequest } from "../auth/auth-request.js";
import { writePermission } from "../auth/auth-row.js";
import type { AuthStore, Identity } from "../auth/auth-store.js";
import { bytesOf } from "../auth/byte-string.js";
import { PERMISSION_READWRITE, type Permission } from "../auth/permission.js";
import { addRole, deleteRole, grantPermission, revokePermission } from "../auth/role-changes.js";
import {
  addUser,
  changePassword,
  deleteUser,
  disableAuth,
  enableAuth,
  grantRole,
  plainPassword,
  revokeRole,
  type Verdict,
} from "../auth/user-changes.js";
import { ROOT_ROLE } from "../auth/user-permissions.js";
import type { RowSink } from "./cluster-port.js";
import type { ResponseBody } from "./outcome.js";
import type { RefusalCode } from "./refusal.js";
import { OPERATION } from "./wire/entry.js";
import { WireWriter } from "./wire/wire-writer.js";

const TAG_LIST = 0x12;
const TAG_STATUS_ENABLED = 0x10;
const TAG_STATUS_REVISION = 0x18;
const TAG_TOKEN = 0x12;
const REPLY_BYTES = 256;
const NO_BODY: ResponseBody = [];
/** What the root role may do, however its object looks. */
const ROOT_PERMISSION: Permission = {
  type: PERMISSION_READWRITE,
  key: new Uint8Array(0),
  rangeEnd: Uint8Array.of(0),
};

export interface AuthExecution {
  readonly auth: AuthStore;
  readonly caller: Identity;
  /** Of the entry. */
  readonly index: number;
  /** The hash of what `hashNeeded` gave. */
  readonly hashed: Uint8Array | undefined;
  readonly rows: RowSink;
}

type Change = (
  auth: AuthStore,
  request: AuthRequest,
  rows: RowSink,
  hashed: Uint8Array | undefined,
) => Verdict;

/** For administrators, by operation. */
const CHANGES: ReadonlyMap<number, Change> = new Map<number, Change>([
  [OPERATION.authEnable, (auth, _request, rows) => enableAuth(auth, rows)],
  [OPERATION.authDisable, (auth, _request, rows) => disableAuth(auth, rows)],
  [OPERATION.authUserAdd, addUser],
  [OPERATION.authUserDelete, deleteUser],
  [OPERATION.authUserChangePassword, changePassword],
  [OPERATION.authUserGrantRole, grantRole],
  [OPERATION.authUserRevokeRole, revokeRole],
  [OPERATION.authRoleAdd, addRole],
  [OPERATION.authRoleDelete, deleteRole],
  [OPERATION.authRoleGrantPermission, grantPermission],
  [OPERATION.authRoleRevokePermission, revokePermission],
]);

type Answer = ResponseBody | RefusalCode;

/** Questions that come as entries, so that their answers have a place among the changes; each checks for itself who asks. */
const QUESTIONS: ReadonlyMap<number, (execution: AuthExecution, request: AuthRequest) => Answer> = new Map([
  [OPERATION.authStatus, ({ auth }: AuthExecution): Answer => statusOf(auth)],
  [OPERATION.authUserGet, getUser],
  [OPERATION.authUserList, listUsers],
  [OPERATION.authRoleGet, getRole],
  [OPERATION.authRoleList, listRoles],
  [OPERATION.authenticate, logIn],
]);

export function isAuthOperation(operation: number): boolean {
  return CHANGES.has(operation) || QUESTIONS.has(operation);
}

/** A password that has to be hashed before the entry can be applied: releases before 3.5 left that to each member. */
export function hashNeeded(operation: number, request: Uint8Array): Uint8Array | undefined {
  const isUserAdd = operation === OPERATION.authUserAdd;
  if (!isUserAdd && operation !== OPERATION.authUserChangePassword) return undefined;
  return plainPassword(new AuthRequest(request), isUserAdd);
}

/** Carries the entry out within the open transaction. @returns the response behind its header, or why not. Throws `WireError`. */
export function applyAuthOperation(operation: number, message: Uint8Array, execution: AuthExecution): Answer {
  const { auth, caller, rows, hashed } = execution;
  const request = new AuthRequest(message);
  const change = CHANGES.get(operation);
  if (change === undefined) return QUESTIONS.get(operation)?.(execution, request) ?? NO_BODY;
  return auth.checkAdmin(caller) ?? change(auth, request, rows, hashed) ?? NO_BODY;
}

function statusOf(auth: AuthStore): ResponseBody {
  const reply = new WireWriter(REPLY_BYTES);
  reply.bool(TAG_STATUS_ENABLED, auth.enabled);
  reply.uint(TAG_STATUS_REVISION, auth.revision);
  return [reply.copy()];
}

/** Users may look at themselves. */
function getUser({ auth, caller }: AuthExecution, request: AuthRequest): Answer {
  const name = request.name(1);
  const refusal = auth.checkAdmin(caller);
  if (refusal !== undefined && name !== caller.user) return refusal;
  const user = auth.user(name);
  return user === undefined ? "user-not-found" : namesReply(user.roles);
}

function listUsers({ auth, caller }: AuthExecution): Answer {
  return auth.checkAdmin(caller) ?? namesReply(auth.userNames());
}

/** Users may look at the roles they have. */
function getRole({ auth, caller }: AuthExecution, request: AuthRequest): Answer {
  const name = request.name(1);
  const refusal = auth.checkAdmin(caller);
  if (refusal !== undefined && auth.user(caller.user)?.roles.includes(name) !== true) return refusal;
  const role = auth.role(name);
  if (role === undefined) return "role-not-found";
  const reply = new WireWriter(REPLY_BYTES);
  const permissions = name === ROOT_ROLE ? [ROOT_PERMISSION] : role.permissions;
  for (const permission of permissions) writePermission(reply, TAG_LIST, permission);
  return [reply.copy()];
}

function listRoles({ auth, caller }: AuthExecution): Answer {
  return auth.checkAdmin(caller) ?? namesReply(auth.roleNames());
}

function namesReply(names: readonly string[]): ResponseBody {
  const reply = new WireWriter(REPLY_BYTES);
  for (const name of names) reply.bytes(TAG_LIST, bytesOf(name), 0, name.length);
  return [reply.copy()];
}

/** Each member takes note of the token; the password was checked by the one that proposed the entry. */
function logIn({ auth, index }: AuthExecution, request: AuthRequest): Answer {
  if (!auth.enabled) return "auth-not-enabled";
  const name = request.name(1);
  const user = auth.user(name);
  if (user === undefined || user.options?.noPassword === true) return "auth-failed";
  const login = {
    user: name,
    prefix: request.name(3),
    index,
    revision: auth.revision,
    password: user.password,
  };
  const issued = auth.tokens.issue(login);
  switch (issued.kind) {
    case "refused":
      return issued.refusal;
    case "token":
      return [tokenField(issued.token)];
    case "later":
      return {
        deferred: true,
        encode: async () => [tokenField(await issued.sign())],
        release: () => undefined,
      };
  }
}

function tokenField(token: string): Uint8Array {
  const reply = new WireWriter(REPLY_BYTES);
  reply.bytes(TAG_TOKEN, bytesOf(token), 0, token.length);
  return reply.copy();
}
