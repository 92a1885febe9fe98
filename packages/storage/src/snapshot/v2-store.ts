/**
 * The member list in the form of etcd's first store, a tree of JSON. Members up to 3.6 want it in the message that announces a
 * database: 3.4 and 3.5 take the membership from it, 3.6 stops when it is missing. Files `*.snap` on their disks hold the same.
 *
 * ```
 * /0/members/<id>/raftAttributes   {"peerURLs":[...],"isLearner":true}
 * /0/members/<id>/attributes       {"name":"...","clientURLs":[...]}
 * /0/removed_members/<id>
 * /0/version                       3.5.0
 * ```
 * Source: etcd `server/etcdserver/api/v2store` and `membership` (3.5).
 */
import { parseMember, type Member } from "@quorate/machine";
import { formatHexId, parseHexId } from "@quorate/proto";

export interface V2State {
  readonly members: readonly Member[];
  readonly removedIds: readonly bigint[];
  /** The cluster version, as `3.7.0`; undefined before the first leader decided it. */
  readonly version: string | undefined;
}

const CURRENT_VERSION = 2;

/** A folder has children, a leaf a value. */
type V2Node = string | { readonly [name: string]: V2Node };

export function formatV2Snapshot(state: V2State): Uint8Array {
  const members = Object.fromEntries(
    state.members.map((member) => [formatHexId(member.id), folderOf(member)]),
  );
  const removed = Object.fromEntries(state.removedIds.map((id) => [formatHexId(id), ""]));
  const cluster: V2Node = {
    members,
    removed_members: removed,
    ...(state.version === undefined ? {} : { version: state.version }),
  };
  const root = formatNode("/", { "0": cluster, "1": {} });
  return Buffer.from(JSON.stringify({ Root: root, CurrentIndex: 0, CurrentVersion: CURRENT_VERSION }));
}

function folderOf(member: Member): V2Node {
  const raft = JSON.stringify({
    peerURLs: member.peerUrls,
    ...(member.isLearner ? { isLearner: true } : {}),
  });
  if (member.name === "" && member.clientUrls.length === 0) return { raftAttributes: raft };
  const attributes = JSON.stringify({ name: member.name, clientURLs: member.clientUrls });
  return { attributes, raftAttributes: raft };
}

/** Times and indexes are of no interest to anybody; the keys must be there. */
function formatNode(path: string, node: V2Node): object {
  const isLeaf = typeof node === "string";
  const children = isLeaf
    ? null
    : Object.fromEntries(
        Object.entries(node).map(([name, child]) => [
          name,
          formatNode(path === "/" ? `/${name}` : `${path}/${name}`, child),
        ]),
      );
  return {
    Path: path,
    CreatedIndex: 0,
    ModifiedIndex: 0,
    ExpireTime: "0001-01-01T00:00:00Z",
    Value: isLeaf ? node : "",
    Children: children,
  };
}

/** @returns undefined when the bytes are no such store. Members that cannot be read are no members. */
export function parseV2Snapshot(bytes: Uint8Array): V2State | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString());
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const cluster = child(field(value, "Root"), "0");
  if (cluster === undefined) return undefined;
  const members: Member[] = [];
  for (const [id, node] of childrenOf(child(cluster, "members"))) {
    const member = memberOf(id, node);
    if (member !== undefined) members.push(member);
  }
  const removedIds = childrenOf(child(cluster, "removed_members"))
    .map(([id]) => parseHexId(id))
    .filter((id) => id !== undefined);
  const version = valueOf(child(cluster, "version"));
  return { members, removedIds, version: version === "" ? undefined : version };
}

function memberOf(hexId: string, node: unknown): Member | undefined {
  const id = parseHexId(hexId);
  const raft = parseObject(valueOf(child(node, "raftAttributes")));
  if (id === undefined || raft === undefined) return undefined;
  const attributes = parseObject(valueOf(child(node, "attributes"))) ?? {};
  // Both halves have the keys of the JSON in which members travel elsewhere.
  const text = JSON.stringify({ ...raft, ...attributes }).replace("{", `{"id":${id},`);
  const parsed = parseMember(text.replace(",}", "}"));
  if (parsed === undefined) return undefined;
  const { isPromote: _isPromote, ...member } = parsed;
  return member;
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}

function child(node: unknown, name: string): unknown {
  return field(field(node, "Children"), name);
}

function childrenOf(node: unknown): [string, unknown][] {
  const children = field(node, "Children");
  return typeof children === "object" && children !== null ? Object.entries(children) : [];
}

function valueOf(node: unknown): string {
  const value = field(node, "Value");
  return typeof value === "string" ? value : "";
}
