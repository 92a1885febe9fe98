/**
 * The replicated list of members. It changes only through log entries, so that it is equal on every member at the same
 * index; refusals are values, because a refused change is a replicated fact too.
 *
 * Rows: table `members`, key lower-case hex id -> member JSON; table `members_removed`, hex id -> `removed`.
 * Source: etcd `server/etcdserver/api/membership/cluster.go`; checks that depend on live connections are made before a
 * change is proposed and are not here.
 */
import { formatHexId, parseHexId } from "@quorate/proto";
import { formatMember, parseMember, type ChangedMember, type Member } from "./member-json.js";

export type MembershipRefusal =
  "member-not-found" | "member-exists" | "peer-url-exists" | "too-many-learners" | "member-not-learner";

export type MembershipChange =
  | { readonly kind: "add"; readonly member: ChangedMember }
  | { readonly kind: "promote"; readonly id: bigint }
  | { readonly kind: "update"; readonly id: bigint; readonly peerUrls: readonly string[] }
  | { readonly kind: "remove"; readonly id: bigint };

/** Where changed rows go; part of the same atomic batch as the entry that changed them. */
export type MembershipRowSink = (
  table: "members" | "members_removed",
  key: string,
  value: string | undefined,
) => void;

export class Membership {
  readonly #members = new Map<bigint, Member>();
  readonly #removed = new Set<bigint>();
  readonly #learnersMax: number;

  /** @param learnersMax must be equal on all members: it decides at apply. */
  constructor(learnersMax: number) {
    this.#learnersMax = learnersMax;
  }

  /** All members, ascending by id. */
  list(): Member[] {
    return [...this.#members.values()].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  }

  get(id: bigint): Member | undefined {
    return this.#members.get(id);
  }

  isRemoved(id: bigint): boolean {
    return this.#removed.has(id);
  }

  /** Ids that can never come back. */
  removedIds(): bigint[] {
    return [...this.#removed];
  }

  /** Takes a row back at start. @returns false when the row can't be read. */
  restoreRow(table: "members" | "members_removed", key: string, value: string): boolean {
    const id = parseHexId(key);
    if (id === undefined) return false;
    if (table === "members_removed") {
      this.#removed.add(id);
      return true;
    }
    const member = parseMember(value);
    if (member?.id !== id) return false;
    this.#members.set(id, withoutPromotion(member));
    return true;
  }

  /** Why a change can't be applied, or undefined. */
  check(change: MembershipChange): MembershipRefusal | undefined {
    const id = change.kind === "add" ? change.member.id : change.id;
    if (this.#removed.has(id)) return "member-not-found";
    const known = this.#members.get(id);
    switch (change.kind) {
      case "add":
        return this.#checkAdd(change.member, known);
      case "promote":
        if (known === undefined) return "member-not-found";
        return known.isLearner ? undefined : "member-not-learner";
      case "update":
        if (known === undefined) return "member-not-found";
        return this.#urlUsedByOther(change.peerUrls, id) ? "peer-url-exists" : undefined;
      case "remove":
        return known === undefined ? "member-not-found" : undefined;
    }
  }

  #checkAdd(member: ChangedMember, known: Member | undefined): MembershipRefusal | undefined {
    if (known !== undefined) return "member-exists";
    if (this.#urlUsedByOther(member.peerUrls, member.id)) return "peer-url-exists";
    if (!member.isLearner) return undefined;
    const learners = this.list().filter((each) => each.isLearner).length;
    return learners + 1 > this.#learnersMax ? "too-many-learners" : undefined;
  }

  #urlUsedByOther(urls: readonly string[], id: bigint): boolean {
    return this.list().some(
      (member) => member.id !== id && member.peerUrls.some((url) => urls.includes(url)),
    );
  }

  /** Applies a change that `check` allowed. */
  apply(change: MembershipChange, rows: MembershipRowSink): void {
    if (change.kind === "remove") {
      this.#members.delete(change.id);
      this.#removed.add(change.id);
      rows("members", formatHexId(change.id), undefined);
      rows("members_removed", formatHexId(change.id), "removed");
      return;
    }
    const changed = this.#changed(change);
    if (changed === undefined) return;
    this.#put(changed, rows);
  }

  #changed(change: Exclude<MembershipChange, { kind: "remove" }>): Member | undefined {
    if (change.kind === "add") return withoutPromotion(change.member);
    const known = this.#members.get(change.id);
    if (known === undefined) return undefined;
    // An update replaces the peer URLs and nothing else: overwriting the learner flag here would promote silently.
    return change.kind === "promote"
      ? { ...known, isLearner: false }
      : { ...known, peerUrls: change.peerUrls };
  }

  /**
   * A member has published its name and client URLs.
   * @returns `ignored` for a removed member, `unknown` for one that never was (etcd stops there).
   */
  setAttributes(
    id: bigint,
    attributes: { readonly name: string; readonly clientUrls: readonly string[] },
    rows: MembershipRowSink,
  ): "applied" | "ignored" | "unknown" {
    const known = this.#members.get(id);
    if (known === undefined) return this.#removed.has(id) ? "ignored" : "unknown";
    this.#put({ ...known, name: attributes.name, clientUrls: attributes.clientUrls }, rows);
    return "applied";
  }

  #put(member: Member, rows: MembershipRowSink): void {
    this.#members.set(member.id, member);
    rows("members", formatHexId(member.id), formatMember(member));
  }
}

function withoutPromotion(member: ChangedMember): Member {
  const { isPromote: _isPromote, ...rest } = member;
  return rest;
}
