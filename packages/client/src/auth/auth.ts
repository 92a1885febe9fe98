/** Users, roles and what they may do. All but `status` need the rights of root once authentication is enabled. */
import { authpb, create, etcdserverpb } from "@quorate/proto";
import type { CallOptions, Calls } from "../calls.js";
import { keyBytes, wireRange, type Key, type KeyRange } from "../kv/key-range.js";

const METHODS = etcdserverpb.Auth.method;
const { READ, WRITE, READWRITE } = authpb.Permission_Type;

/** What a permission allows. */
export type Access = "read" | "write" | "readwrite";

/** A range of keys, and what may be done with it. */
export interface Permission {
  readonly access: Access;
  readonly key: Uint8Array;
  /** As etcd has it: empty for one key, a single zero byte for all from `key` on. */
  readonly rangeEnd: Uint8Array;
}

const TYPES: Readonly<Record<Access, authpb.Permission_Type>> = {
  read: READ,
  write: WRITE,
  readwrite: READWRITE,
};

/** Users, roles and permissions. */
export class Auth {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** Whether authentication is switched on, and the revision of users and roles. */
  async status(options: CallOptions = {}): Promise<{ readonly enabled: boolean; readonly revision: bigint }> {
    const { enabled, authRevision } = await this.#calls.unary(
      METHODS.authStatus,
      {},
      { ...options, safety: "read" },
    );
    return { enabled, revision: authRevision };
  }

  /** @throws `root-user-not-exist`, `root-role-not-exist` unless a user root with the role root is there. */
  async enable(options: CallOptions = {}): Promise<void> {
    await this.#calls.unary(METHODS.authEnable, {}, { ...options, safety: "idempotent" });
  }

  /** Switches authentication off: everybody may do everything. */
  async disable(options: CallOptions = {}): Promise<void> {
    await this.#calls.unary(METHODS.authDisable, {}, { ...options, safety: "idempotent" });
  }

  /** Adds a user without roles. @throws `user-already-exist`. @param password without one, the user is known by a client certificate only. */
  async addUser(name: string, password?: string, options: CallOptions = {}): Promise<void> {
    if (password !== undefined) checkPassword(password);
    const request = { name, password: password ?? "", options: { noPassword: password === undefined } };
    await this.#calls.unary(METHODS.userAdd, request, { ...options, safety: "write" });
  }

  /** @throws `user-not-found`; `invalid-auth-mgmt` for root while authentication is on. */
  async deleteUser(name: string, options: CallOptions = {}): Promise<void> {
    await this.#calls.unary(METHODS.userDelete, { name }, { ...options, safety: "write" });
  }

  /** Ends the logins of the user. @throws `user-not-found`. */
  async changePassword(name: string, password: string, options: CallOptions = {}): Promise<void> {
    checkPassword(password);
    const request = { name, password };
    await this.#calls.unary(METHODS.userChangePassword, request, { ...options, safety: "idempotent" });
  }

  /** The roles of a user, in alphabetic order. */
  async userRoles(name: string, options: CallOptions = {}): Promise<string[]> {
    const { roles } = await this.#calls.unary(METHODS.userGet, { name }, { ...options, safety: "read" });
    return roles;
  }

  /** The names of all users. */
  async users(options: CallOptions = {}): Promise<string[]> {
    const { users } = await this.#calls.unary(METHODS.userList, {}, { ...options, safety: "read" });
    return users;
  }

  /** Gives a role to a user. @throws `user-not-found`, `role-not-found`. */
  async grantRole(user: string, role: string, options: CallOptions = {}): Promise<void> {
    await this.#calls.unary(METHODS.userGrantRole, { user, role }, { ...options, safety: "idempotent" });
  }

  /** Takes a role from a user. @throws `user-not-found`, `role-not-granted`. */
  async revokeRole(name: string, role: string, options: CallOptions = {}): Promise<void> {
    await this.#calls.unary(METHODS.userRevokeRole, { name, role }, { ...options, safety: "write" });
  }

  /** @throws `role-already-exist`. */
  async addRole(name: string, options: CallOptions = {}): Promise<void> {
    await this.#calls.unary(METHODS.roleAdd, { name }, { ...options, safety: "write" });
  }

  /** Takes the role from all users too. @throws `role-not-found`. */
  async deleteRole(role: string, options: CallOptions = {}): Promise<void> {
    await this.#calls.unary(METHODS.roleDelete, { role }, { ...options, safety: "write" });
  }

  /** The names of all roles. */
  async roles(options: CallOptions = {}): Promise<string[]> {
    const { roles } = await this.#calls.unary(METHODS.roleList, {}, { ...options, safety: "read" });
    return roles;
  }

  /** What a role may do, by key. */
  async permissions(role: string, options: CallOptions = {}): Promise<Permission[]> {
    const { perm } = await this.#calls.unary(METHODS.roleGet, { role }, { ...options, safety: "read" });
    return perm.map(({ permType, key, rangeEnd }) => ({ access: accessOf(permType), key, rangeEnd }));
  }

  /** Replaces what the role may do with exactly these keys. */
  async grantPermission(
    role: string,
    access: Access,
    keys: Key | KeyRange,
    options: CallOptions = {},
  ): Promise<void> {
    if (!Object.hasOwn(TYPES, access)) throw new TypeError(`"${String(access)}" is no access`);
    const perm = create(authpb.PermissionSchema, { permType: TYPES[access], ...wireRange(keys) });
    await this.#calls.unary(
      METHODS.roleGrantPermission,
      { name: role, perm },
      { ...options, safety: "idempotent" },
    );
  }

  /** @param keys exactly as they were granted. @throws `permission-not-granted` */
  async revokePermission(role: string, keys: Key | KeyRange, options: CallOptions = {}): Promise<void> {
    const { key, rangeEnd } = wireRange(keys);
    await this.#calls.unary(
      METHODS.roleRevokePermission,
      { role, key: keyBytes(key), rangeEnd },
      { ...options, safety: "write" },
    );
  }
}

/** @throws TypeError for what is no text: a user with the empty password would be everybody's. */
function checkPassword(password: string): void {
  if (typeof password !== "string") throw new TypeError("a password is text");
}

function accessOf(type: authpb.Permission_Type): Access {
  if (type === READWRITE) return "readwrite";
  return type === WRITE ? "write" : "read";
}
