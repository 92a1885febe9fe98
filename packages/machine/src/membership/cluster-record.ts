/**
 * Everything that is replicated about the cluster itself: its members, its version, a downgrade under way, and the raft
 * configuration. Changed by log entries only; its rows travel in the batch of the entry that changed them.
 *
 * Tables: `members`, `members_removed`; `cluster` with `clusterVersion` and `downgrade`; `meta` with `confState`.
 */
import { getTextEncoding } from "@bufbuild/protobuf/wire";
import type { ClusterState, RowSink } from "../apply/cluster-port.js";
import { assert } from "@quorate/std";
import { CorruptionError } from "../mvcc/corruption-error.js";
import type { TableName } from "../mvcc/store-api.js";
import { formatConfState, parseConfState, type StoredConfState } from "./conf-state-json.js";
import { Membership, type MembershipChange, type MembershipRefusal } from "./membership.js";

export const CLUSTER_VERSION_KEY = "clusterVersion";
export const DOWNGRADE_KEY = "downgrade";
export const CONF_STATE_KEY = "confState";

/** The tables to read back at start. */
export const CLUSTER_TABLES: readonly TableName[] = ["members", "members_removed", "cluster", "meta"];

export class ClusterRecord implements ClusterState {
  /** Called when a cluster version is applied: a member that is older than it must stop. */
  onVersion: ((version: string) => void) | undefined = undefined;
  #membership: Membership;
  #version: string | undefined;
  #downgrade = { enabled: false, targetVersion: "" };
  #confState: StoredConfState | undefined;

  constructor(learnersMax: number) {
    this.#membership = new Membership(learnersMax);
  }

  get membership(): Membership {
    return this.#membership;
  }

  /** Takes over what `other` says, which must not be used afterwards: a database from the leader has replaced our own. */
  adopt(other: ClusterRecord): void {
    this.#membership = other.#membership;
    this.#version = other.#version;
    this.#downgrade = other.#downgrade;
    this.#confState = other.#confState;
    if (other.#version !== undefined) this.onVersion?.(other.#version);
  }

  /** The cluster version as `3.7.0`, or undefined before the first leader decided it. */
  get version(): string | undefined {
    return this.#version;
  }

  get downgrade(): { readonly enabled: boolean; readonly targetVersion: string } {
    return this.#downgrade;
  }

  /** The raft configuration as of the newest applied change; undefined before the first. */
  get confState(): StoredConfState | undefined {
    return this.#confState;
  }

  /** Takes a row back at start; rows of other owners are ignored. @throws CorruptionError when a row can't be read. */
  restoreRow(table: TableName, keyBytes: Uint8Array, valueBytes: Uint8Array): void {
    const key = getTextEncoding().decodeUtf8(keyBytes);
    const value = getTextEncoding().decodeUtf8(valueBytes);
    if (!this.#restore(table, key, value))
      throw new CorruptionError(`unreadable row ${key} in table ${table}: ${value}`);
  }

  #restore(table: TableName, key: string, value: string): boolean {
    if (table === "members" || table === "members_removed")
      return this.membership.restoreRow(table, key, value);
    if (table === "cluster" && key === CLUSTER_VERSION_KEY) this.#version = value;
    if (table === "cluster" && key === DOWNGRADE_KEY) return this.#restoreDowngrade(value);
    if (table === "meta" && key === CONF_STATE_KEY) {
      this.#confState = parseConfState(value);
      return this.#confState !== undefined;
    }
    return true;
  }

  #restoreDowngrade(text: string): boolean {
    const match = /^\{"target-version":"([0-9.]*)","enabled":(true|false)\}$/.exec(text);
    if (match === null) return false;
    this.#downgrade = { enabled: match[2] === "true", targetVersion: match[1] ?? "" };
    return true;
  }

  setMemberAttributes(
    memberId: bigint,
    attributes: { readonly name: string; readonly clientUrls: readonly string[] },
    rows: RowSink,
  ): void {
    const result = this.membership.setAttributes(memberId, attributes, textRows(rows));
    assert(
      result !== "unknown",
      () => `attributes for ${memberId.toString(16)}, which is no member and never was`,
    );
  }

  setClusterVersion(version: string, rows: RowSink): void {
    this.#version = version;
    this.onVersion?.(version);
    textRows(rows)("cluster", CLUSTER_VERSION_KEY, version);
  }

  setDowngrade(enabled: boolean, targetVersion: string, rows: RowSink): void {
    this.#downgrade = { enabled, targetVersion };
    textRows(rows)("cluster", DOWNGRADE_KEY, `{"target-version":"${targetVersion}","enabled":${enabled}}`);
  }

  /** Applies a change of the member list, or says why not and changes nothing. */
  change(change: MembershipChange, rows: RowSink): MembershipRefusal | undefined {
    const refusal = this.membership.check(change);
    if (refusal === undefined) this.membership.apply(change, textRows(rows));
    return refusal;
  }

  setConfState(state: StoredConfState, rows: RowSink): void {
    this.#confState = state;
    textRows(rows)("meta", CONF_STATE_KEY, formatConfState(state));
  }
}

function textRows(rows: RowSink): (table: TableName, key: string, value: string | undefined) => void {
  const { encodeUtf8 } = getTextEncoding();
  return (table, key, value) =>
    rows(table, encodeUtf8(key), value === undefined ? undefined : encodeUtf8(value));
}
