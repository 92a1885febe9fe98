/**
 * Entries of the v2 API: before 3.6 members published themselves and the cluster version with a raw proto2 `Request` as the
 * whole entry. Two of its paths still mean something; `SYNC` does not; anything else we cannot apply.
 * Written only where a member before 3.5 would stop at anything else.
 * Source: raft-peers-formats 4.5.
 */
import { BinaryReader, BinaryWriter, getTextEncoding, WireType } from "@bufbuild/protobuf/wire";
import type { ClusterState, RowSink } from "./cluster-port.js";
import { WireError, WireReader } from "./wire/wire-reader.js";

export type V2Request =
  | {
      readonly kind: "member-attributes";
      readonly memberId: bigint;
      readonly name: string;
      readonly clientUrls: readonly string[];
    }
  | { readonly kind: "cluster-version"; readonly version: string }
  | { readonly kind: "ignored" }
  | { readonly kind: "unknown"; readonly method: string; readonly path: string };

const METHODS: ReadonlySet<string> = new Set(["PUT", "POST", "DELETE", "GET", "QGET", "SYNC", "HEAD"]);
const ATTRIBUTES_PATH = /^\/0\/members\/([0-9a-f]{1,16})\/attributes$/;
const VERSION_PATH = "/0/version";

/**
 * The v2 request that `data` is, or undefined when it is an InternalRaftRequest. The shape decides: field 2 holds one of the
 * method names, where an InternalRaftRequest would have a message that these letters are not.
 */
export function parseV2Request(data: Uint8Array): V2Request | undefined {
  const fields = readFields(data);
  if (fields === undefined || !METHODS.has(fields.method)) return undefined;
  if (fields.path !== "" && !fields.path.startsWith("/")) return undefined;
  return interpret(fields);
}

interface V2Fields {
  readonly id: bigint;
  readonly method: string;
  readonly path: string;
  readonly value: string;
}

/** The request id in a v2 request, or undefined when `data` is none. */
export function v2RequestId(data: Uint8Array): bigint | undefined {
  const fields = readFields(data);
  return fields !== undefined && METHODS.has(fields.method) ? fields.id : undefined;
}

/** A request that puts `value` at `path`: what members before 3.5 understand about the cluster. */
export function encodeV2Put(id: bigint, path: string, value: string): Uint8Array {
  const { encodeUtf8 } = getTextEncoding();
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).uint64(id);
  for (const [field, text] of [
    [2, "PUT"],
    [3, path],
    [4, value],
  ] as const)
    writer.tag(field, WireType.LengthDelimited).bytes(encodeUtf8(text));
  return writer.finish();
}

/** Carries out what `parseV2Request` found; what is ignored or unknown changes nothing. */
export function applyV2Request(request: V2Request, cluster: ClusterState, rows: RowSink): void {
  if (request.kind === "member-attributes") cluster.setMemberAttributes(request.memberId, request, rows);
  else if (request.kind === "cluster-version") cluster.setClusterVersion(request.version, rows);
}

function readFields(data: Uint8Array): V2Fields | undefined {
  // An id, then a method: cheap to tell from all entries of today.
  if (data[0] !== 0x08) return undefined;
  const texts = new Map<number, string>();
  const reader = new WireReader();
  reader.reset(data, 0, data.length);
  try {
    while (reader.position < data.length) {
      const tag = reader.tag();
      const field = tag >>> 3;
      if ((tag & 7) !== 2 || field < 2 || field > 4) {
        reader.skip(tag);
        continue;
      }
      const length = reader.length();
      texts.set(field, decodeText(data, reader.position, reader.position + length));
      reader.position += length;
    }
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
  const id = BigInt(new BinaryReader(data.subarray(1)).uint64());
  return { id, method: texts.get(2) ?? "", path: texts.get(3) ?? "", value: texts.get(4) ?? "" };
}

function interpret(fields: V2Fields): V2Request {
  const { method, path, value } = fields;
  if (method === "SYNC") return { kind: "ignored" };
  if (method === "PUT" && path === VERSION_PATH) return { kind: "cluster-version", version: value };
  const member = method === "PUT" ? ATTRIBUTES_PATH.exec(path) : null;
  const attributes = member === null ? undefined : parseAttributes(value);
  if (member?.[1] === undefined || attributes === undefined) return { kind: "unknown", method, path };
  return { kind: "member-attributes", memberId: BigInt(`0x${member[1]}`), ...attributes };
}

function parseAttributes(json: string): { name: string; clientUrls: readonly string[] } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { name, clientURLs } = value as { name?: unknown; clientURLs?: unknown };
  const urls = Array.isArray(clientURLs) ? clientURLs.filter((url) => typeof url === "string") : [];
  return { name: typeof name === "string" ? name : "", clientUrls: urls };
}

/** UTF-8 to text; malformed bytes become U+FFFD, one each. The language itself has no decoder. */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end;) {
    const lead = bytes[at] as number;
    const size =
      lead < 0x80
        ? 1
        : lead >= 0xc2 && lead < 0xe0
          ? 2
          : lead >= 0xe0 && lead < 0xf0
            ? 3
            : lead >= 0xf0 && lead < 0xf5
              ? 4
              : 0;
    const point = decodePoint(bytes, at, { size, end });
    text += String.fromCodePoint(point);
    at += point === 0xfffd && !isReplacement(bytes, at) ? 1 : size;
  }
  return text;
}

function decodePoint(bytes: Uint8Array, at: number, limits: { size: number; end: number }): number {
  const { size, end } = limits;
  const lead = bytes[at] as number;
  if (size === 1) return lead;
  if (size === 0 || at + size > end) return 0xfffd;
  let point = lead & (0xff >>> (size + 1));
  for (let i = 1; i < size; i++) {
    const byte = bytes[at + i] as number;
    if ((byte & 0xc0) !== 0x80) return 0xfffd;
    point = (point << 6) | (byte & 0x3f);
  }
  const isOverlong = point < (size === 3 ? 0x800 : size === 4 ? 0x1_0000 : 0x80);
  const isSurrogate = point >= 0xd800 && point < 0xe000;
  return isOverlong || isSurrogate || point > 0x10_ffff ? 0xfffd : point;
}

function isReplacement(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd;
}
