/**
 * Rows of the tables `authUsers` (name -> authpb.User), `authRoles` (name -> authpb.Role) and `auth`, byte for byte as etcd writes
 * them: fields ascending, empty ones left out, `options` also when there is nothing in it. Source: raft-peers-formats 6.1.
 */
import { CorruptionError } from "../mvcc/corruption-error.js";
import { WireError, WireReader } from "../apply/wire/wire-reader.js";
import { WireWriter } from "../apply/wire/wire-writer.js";
import { bytesOf, readByteString } from "./byte-string.js";
import type { Permission } from "./permission.js";

export interface User {
  readonly name: string;
  /** Text of the bcrypt hash; empty when nobody can log in with a password. */
  readonly password: Uint8Array;
  /** Ascending. */
  readonly roles: readonly string[];
  /** Users of old releases have none. */
  readonly options: UserOptions | undefined;
}

export interface UserOptions {
  readonly noPassword: boolean;
}

export interface Role {
  readonly name: string;
  /** Ascending by key. */
  readonly permissions: readonly Permission[];
}

export const ENABLED_KEY: Uint8Array = bytesOf("authEnabled");
export const REVISION_KEY: Uint8Array = bytesOf("authRevision");

const TAG_NAME = 0x0a;
const TAG_PASSWORD = 0x12;
const TAG_ROLES = 0x1a;
const TAG_OPTIONS = 0x22;
const TAG_NO_PASSWORD = 0x08;
const TAG_PERMISSION = 0x12;
const TAG_TYPE = 0x08;
const TAG_KEY = 0x12;
const TAG_RANGE_END = 0x1a;
const ROW_BYTES = 128;

export function encodeUser({ name, password, roles, options }: User): Uint8Array {
  const writer = new WireWriter(ROW_BYTES);
  writeText(writer, TAG_NAME, name);
  if (password.length > 0) writer.bytes(TAG_PASSWORD, password, 0, password.length);
  for (const role of roles) {
    const bytes = bytesOf(role);
    writer.bytes(TAG_ROLES, bytes, 0, bytes.length);
  }
  if (options !== undefined) {
    const inner = options.noPassword ? Uint8Array.of(TAG_NO_PASSWORD, 1) : new Uint8Array(0);
    writer.bytes(TAG_OPTIONS, inner, 0, inner.length);
  }
  return writer.copy();
}

export function encodeRole({ name, permissions }: Role): Uint8Array {
  const writer = new WireWriter(ROW_BYTES);
  writeText(writer, TAG_NAME, name);
  for (const permission of permissions) writePermission(writer, TAG_PERMISSION, permission);
  return writer.copy();
}

/** Appends an authpb.Permission as field `tag`. */
export function writePermission(target: WireWriter, tag: number, { type, key, rangeEnd }: Permission): void {
  const inner = new WireWriter(ROW_BYTES);
  inner.int64(TAG_TYPE, type);
  if (key.length > 0) inner.bytes(TAG_KEY, key, 0, key.length);
  if (rangeEnd.length > 0) inner.bytes(TAG_RANGE_END, rangeEnd, 0, rangeEnd.length);
  target.bytes(tag, inner.buffer, 0, inner.length);
}

function writeText(target: WireWriter, tag: number, text: string): void {
  const bytes = bytesOf(text);
  if (bytes.length > 0) target.bytes(tag, bytes, 0, bytes.length);
}

/** @throws CorruptionError when the bytes are no user. */
export function decodeUser(value: Uint8Array): User {
  let name = "";
  let password: Uint8Array = new Uint8Array(0);
  const roles: string[] = [];
  let options: UserOptions | undefined;
  readRow("authUsers", value, (reader, tag) => {
    if (tag === TAG_NAME) name = readText(reader);
    else if (tag === TAG_PASSWORD) password = readBytes(reader);
    else if (tag === TAG_ROLES) roles.push(readText(reader));
    else if (tag === TAG_OPTIONS) options = { noPassword: readNoPassword(readBytes(reader)) };
    else reader.skip(tag);
  });
  return { name, password, roles, options };
}

/** @throws CorruptionError when the bytes are no role. */
export function decodeRole(value: Uint8Array): Role {
  let name = "";
  const permissions: Permission[] = [];
  readRow("authRoles", value, (reader, tag) => {
    if (tag === TAG_NAME) name = readText(reader);
    else if (tag === TAG_PERMISSION) permissions.push(decodePermission(readBytes(reader)));
    else reader.skip(tag);
  });
  return { name, permissions };
}

/** Reads UserAddOptions; throws `WireError`. */
export function readNoPassword(options: Uint8Array): boolean {
  let noPassword = false;
  visitFields(options, (reader, tag) => {
    if (tag === TAG_NO_PASSWORD) noPassword = reader.bool();
    else reader.skip(tag);
  });
  return noPassword;
}

/** Reads an authpb.Permission; throws `WireError`. */
export function decodePermission(bytes: Uint8Array): Permission {
  let type = 0;
  let key: Uint8Array = new Uint8Array(0);
  let rangeEnd: Uint8Array = new Uint8Array(0);
  visitFields(bytes, (reader, tag) => {
    if (tag === TAG_TYPE) type = reader.int32();
    else if (tag === TAG_KEY) key = readBytes(reader);
    else if (tag === TAG_RANGE_END) rangeEnd = readBytes(reader);
    else reader.skip(tag);
  });
  return { type, key, rangeEnd };
}

type FieldVisitor = (reader: WireReader, tag: number) => void;

function readRow(table: string, value: Uint8Array, visit: FieldVisitor): void {
  try {
    visitFields(value, visit);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new CorruptionError(`a row of the table ${table} can't be read`, { cause: error });
  }
}

/** Calls `visit` behind each tag of a message; it reads the field or skips it. Throws `WireError`. */
export function visitFields(message: Uint8Array, visit: FieldVisitor): void {
  const reader = new WireReader();
  reader.reset(message, 0, message.length);
  while (reader.position < reader.end) visit(reader, reader.tag());
}

/** The bytes of a length-delimited field, copied: what is kept must not hold a whole entry. */
export function readBytes(reader: WireReader): Uint8Array {
  const length = reader.length();
  const start = reader.position;
  reader.position += length;
  return reader.buffer.slice(start, start + length);
}

export function readText(reader: WireReader): string {
  const length = reader.length();
  const start = reader.position;
  reader.position += length;
  return readByteString(reader.buffer, start, start + length);
}

export function encodeRevision(revision: number): Uint8Array {
  const value = new Uint8Array(8);
  new DataView(value.buffer).setBigUint64(0, BigInt(revision));
  return value;
}

/** @throws CorruptionError when it is no 8-byte number. */
export function decodeRevision(value: Uint8Array): number {
  if (value.length !== 8) throw new CorruptionError(`the auth revision has ${String(value.length)} bytes`);
  return Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0));
}
