/**
 * The member list as of an entry of a log before 3.5, from the list at the log's start and the changes since.
 *
 * Those releases go by their first store, in memory and in `.snap` files; the rows in their database are a by-product, and after
 * 3.4's `snapshot restore` they are the members of another cluster.
 */
import { Membership, parseMember, type MembershipChange } from "@quorate/machine";
import { etcdserverpb, fromBinary, parseHexId } from "@quorate/proto";
import { ConfChangeType, decodeConfChange, type Entry } from "@quorate/raft";
import type { V2State } from "./v2-store.js";

/** A constant of those releases, which decides about refusals. */
const LEARNERS_MAX = 1;
/** A raw request begins with its id, then the method as text: `08 <id> 12`. */
const FIRST_BYTE = 0x08;
const ATTRIBUTES_PATH = /^\/0\/members\/([0-9a-f]{1,16})\/attributes$/;
const VERSION_PATH = "/0/version";

const NOWHERE = (): void => undefined;

export class MemberReplay {
  readonly #membership: Membership = new Membership(LEARNERS_MAX);
  readonly #removed: Set<bigint>;
  #version: string | undefined;

  constructor(start: V2State | undefined) {
    for (const member of start?.members ?? []) {
      this.#membership.apply({ kind: "add", member: { ...member, isPromote: false } }, NOWHERE);
    }
    this.#removed = new Set(start?.removedIds ?? []);
    this.#version = start?.version;
  }

  /** Entries in order. */
  apply(entry: Entry): void {
    const change = changeOf(entry);
    if (change !== undefined) this.#change(change);
    else if (entry.data[0] === FIRST_BYTE) this.#request(entry.data);
  }

  #change(change: MembershipChange): void {
    const id = change.kind === "add" ? change.member.id : change.id;
    if (this.#removed.has(id) || this.#membership.check(change) !== undefined) return;
    this.#membership.apply(change, NOWHERE);
    if (change.kind === "remove") this.#removed.add(id);
  }

  #request(data: Uint8Array): void {
    const request = parseRequest(data);
    if (request?.Method !== "PUT") return;
    if (request.Path === VERSION_PATH) this.#version = request.Val;
    const id = parseHexId(ATTRIBUTES_PATH.exec(request.Path)?.[1] ?? "");
    const known = id === undefined ? undefined : this.#membership.get(id);
    // The value lacks the id that a member's JSON has.
    const attributes = parseMember(request.Val.replace("{", `{"id":${String(id)},`));
    if (known === undefined || attributes === undefined) return;
    this.#membership.setAttributes(known.id, attributes, NOWHERE);
  }

  get state(): V2State {
    return { members: this.#membership.list(), removedIds: [...this.#removed], version: this.#version };
  }
}

function changeOf(entry: Entry): MembershipChange | undefined {
  const change = decodeConfChange(entry);
  if (change === null || !("nodeId" in change)) return undefined;
  const id = change.nodeId;
  if (change.type === ConfChangeType.ConfChangeRemoveNode) return { kind: "remove", id };
  const member = parseMember(Buffer.from(change.context).toString());
  if (member === undefined) return undefined;
  if (change.type === ConfChangeType.ConfChangeUpdateNode)
    return { kind: "update", id, peerUrls: member.peerUrls };
  return member.isPromote ? { kind: "promote", id } : { kind: "add", member };
}

/** @returns undefined for what is no raw request: most entries. */
function parseRequest(data: Uint8Array): etcdserverpb.Request | undefined {
  try {
    return fromBinary(etcdserverpb.RequestSchema, data);
  } catch {
    // Whatever the bytes are, they are not one.
    return undefined;
  }
}
