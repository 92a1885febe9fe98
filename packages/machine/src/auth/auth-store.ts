/**
 * Users, roles and what they permit: replicated state, equal on every member, and the one judge of what a caller may do.
 *
 *     log entries --> AuthChanges --> users, roles, revision  ---- rows --> tables auth, authUsers, authRoles
 *     requests -----> checkKey, checkInterval, checkAdmin     (at apply for what is written, at the edge for what is read)
 *
 * The revision counts changes. A caller is identified together with the revision it was identified at; when the store has moved on,
 * the caller is sent back to identify itself anew, so that every member decides alike whatever came between.
 * Invariant: an entry is decided by what the entries before it left here, never by the clock, tokens or order of arrival.
 * Source: operations 4; raft-peers-formats 4.7. Not here: tokens and passwords, which are the server's.
 */
import type { RefusalCode } from "../apply/refusal.js";
import type { RowSink } from "../apply/cluster-port.js";
import { compareBytes } from "../mvcc/byte-range.js";
import { CorruptionError } from "../mvcc/corruption-error.js";
import type { TableName } from "../mvcc/store-api.js";
import {
  ENABLED_KEY,
  REVISION_KEY,
  decodeRevision,
  decodeRole,
  decodeUser,
  encodeRevision,
  encodeRole,
  encodeUser,
  type Role,
  type User,
} from "./auth-row.js";
import { NO_TOKENS, type AuthTokens } from "./auth-tokens.js";
import { byteStringOf, bytesOf } from "./byte-string.js";
import type { IntervalBytes, KeyBytes, KeyRanges } from "./key-ranges.js";
import { permissionsOf, type UserPermissions } from "./user-permissions.js";

/** The tables whose rows are kept here. */
export const AUTH_TABLES: readonly TableName[] = ["auth", "authRoles", "authUsers"];

/** Revision of a store that was never changed. */
const FIRST_REVISION = 1;

/** Who asks. */
export interface Identity {
  /** Empty for nobody. */
  readonly user: string;
  /** Of the auth store when the caller was identified; 0 for nobody. */
  readonly revision: number;
}

export const NOBODY: Identity = { user: "", revision: 0 };

export type Need = "read" | "write";

export class AuthStore {
  /** Attached once, before the first entry is applied. */
  tokens: AuthTokens = NO_TOKENS;
  #enabled = false;
  #revision = FIRST_REVISION;
  #isRevisionStored = false;
  #users = new Map<string, User>();
  #roles = new Map<string, Role>();
  /** Made when they are asked for, forgotten with each change. */
  readonly #permissions = new Map<string, UserPermissions>();
  readonly #passwordOf = (name: string): Uint8Array | undefined => this.#users.get(name)?.password;

  get enabled(): boolean {
    return this.#enabled;
  }

  get revision(): number {
    return this.#revision;
  }

  user(name: string): User | undefined {
    return this.#users.get(name);
  }

  role(name: string): Role | undefined {
    return this.#roles.get(name);
  }

  /** Names ascending by bytes. */
  userNames(): string[] {
    return [...this.#users.keys()].sort();
  }

  /** Names ascending by bytes. */
  roleNames(): string[] {
    return [...this.#roles.keys()].sort();
  }

  users(): IterableIterator<User> {
    return this.#users.values();
  }

  // Questions

  /** Whether the caller may read or write the one key. */
  checkKey(caller: Identity, need: Need, key: KeyBytes): RefusalCode | undefined {
    if (!this.#enabled) return undefined;
    const ranges = this.#rangesFor(caller, need);
    if (ranges === "all") return undefined;
    if (typeof ranges === "string") return ranges;
    return ranges.hasKey(key) ? undefined : "permission-denied";
  }

  /** Whether the caller may read or write all keys that the interval may hold; one without an end is the one key. */
  checkInterval(caller: Identity, need: Need, interval: IntervalBytes): RefusalCode | undefined {
    if (!this.#enabled) return undefined;
    const ranges = this.#rangesFor(caller, need);
    if (ranges === "all") return undefined;
    if (typeof ranges === "string") return ranges;
    return ranges.hasInterval(interval) ? undefined : "permission-denied";
  }

  /**
   * Whether the caller may read or write all keys of an ordered set. `next` gives the first of them at or behind a key; between
   * intervals of the caller's permissions it is asked once, however many keys there are.
   */
  checkKeys(
    caller: Identity,
    need: Need,
    next: (from: Uint8Array | undefined) => Uint8Array | undefined,
  ): RefusalCode | undefined {
    if (!this.#enabled || this.checkAdmin(caller) === undefined) return undefined;
    let key = next(undefined);
    while (key !== undefined) {
      const ranges = this.#rangesFor(caller, need);
      if (ranges === "all") return undefined;
      if (typeof ranges === "string") return ranges;
      const end = ranges.endAround(key);
      if (end === undefined) return "permission-denied";
      key = end === null ? undefined : next(end);
    }
    return undefined;
  }

  /** Whether the caller has the root role. The revision does not matter: an administrator may act on what it has not seen. */
  checkAdmin({ user }: Identity): RefusalCode | undefined {
    if (!this.#enabled) return undefined;
    if (user === "") return "user-empty";
    const permissions = this.#permissionsOf(user);
    if (permissions === undefined) return "user-not-found";
    return permissions.isRoot ? undefined : "permission-denied";
  }

  #rangesFor({ user, revision }: Identity, need: Need): KeyRanges | "all" | RefusalCode {
    if (revision === 0) return "user-empty";
    if (revision < this.#revision) return "auth-old-revision";
    const permissions = this.#permissionsOf(user);
    if (permissions === undefined) return "permission-denied";
    if (permissions.isRoot) return "all";
    return need === "read" ? permissions.read : permissions.write;
  }

  #permissionsOf(name: string): UserPermissions | undefined {
    const known = this.#permissions.get(name);
    if (known !== undefined) return known;
    const user = this.#users.get(name);
    if (user === undefined) return undefined;
    const permissions = permissionsOf(user, this.#roles);
    this.#permissions.set(name, permissions);
    return permissions;
  }

  // Changes, within the transaction of an entry

  putUser(user: User, rows: RowSink): void {
    this.#users.set(user.name, user);
    rows("authUsers", bytesOf(user.name), encodeUser(user));
    this.#permissions.clear();
  }

  deleteUser(name: string, rows: RowSink): void {
    this.#users.delete(name);
    rows("authUsers", bytesOf(name), undefined);
    this.#permissions.clear();
  }

  putRole(role: Role, rows: RowSink): void {
    this.#roles.set(role.name, role);
    rows("authRoles", bytesOf(role.name), encodeRole(role));
    this.#permissions.clear();
  }

  deleteRole(name: string, rows: RowSink): void {
    this.#roles.delete(name);
    rows("authRoles", bytesOf(name), undefined);
    this.#permissions.clear();
  }

  setEnabled(enabled: boolean, rows: RowSink): void {
    this.#enabled = enabled;
    rows("auth", ENABLED_KEY, Uint8Array.of(enabled ? 1 : 0));
    if (enabled) this.tokens.enable(this.#passwordOf);
    else this.tokens.disable();
  }

  bumpRevision(rows: RowSink): void {
    this.#revision += 1;
    this.#storeRevision(rows);
  }

  /**
   * Stores the revision of a store that was never changed, once. A member of etcd that is sent a database without it counts from 0, and
   * so differently from all others for ever.
   */
  keepRevision(rows: RowSink): void {
    if (!this.#isRevisionStored) this.#storeRevision(rows);
  }

  #storeRevision(rows: RowSink): void {
    this.#isRevisionStored = true;
    rows("auth", REVISION_KEY, encodeRevision(this.#revision));
  }

  // Start

  /** Takes a row of one of `AUTH_TABLES` back. @throws CorruptionError when it can't be read. */
  restoreRow(table: TableName, key: Uint8Array, value: Uint8Array): void {
    if (table === "authUsers") {
      const user = decodeUser(value);
      checkName(table, key, user.name);
      this.#users.set(user.name, user);
    } else if (table === "authRoles") {
      const role = decodeRole(value);
      checkName(table, key, role.name);
      this.#roles.set(role.name, role);
    } else if (compareBytes(key, ENABLED_KEY) === 0) this.#enabled = value[0] === 1;
    else if (compareBytes(key, REVISION_KEY) === 0) {
      this.#revision = Math.max(decodeRevision(value), FIRST_REVISION);
      this.#isRevisionStored = true;
    }
  }

  /** Takes over the state of `other`, which must not be used afterwards: a database from the leader has replaced our own. */
  adopt(other: AuthStore): void {
    const old = this.#users;
    this.#enabled = other.#enabled;
    this.#revision = other.#revision;
    this.#isRevisionStored = other.#isRevisionStored;
    this.#users = other.#users;
    this.#roles = other.#roles;
    this.#permissions.clear();
    if (!this.#enabled) this.tokens.disable();
    else this.tokens.enable(this.#passwordOf);
    // The entries that would have said so were skipped.
    for (const user of old.values()) {
      const now = this.#users.get(user.name);
      if (now === undefined || compareBytes(now.password, user.password) !== 0)
        this.tokens.invalidateUser(user.name);
    }
  }

  /** Says who keeps the tokens. */
  attachTokens(tokens: AuthTokens): void {
    this.tokens = tokens;
    if (this.#enabled) tokens.enable(this.#passwordOf);
    else tokens.disable();
  }
}

function checkName(table: TableName, key: Uint8Array, name: string): void {
  if (byteStringOf(key) !== name)
    throw new CorruptionError(`a row of the table ${table} has another name than its key`);
}
