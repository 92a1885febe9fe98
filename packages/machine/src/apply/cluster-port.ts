/**
 * Port: the parts of the replicated cluster state that ordinary log entries change. Rows go to the sink, which puts them into
 * the transaction of the entry; there is no sink when an entry is replayed whose rows the store has already.
 */
import type { TableName } from "../mvcc/store-api.js";

export type RowSink = (table: TableName, key: Uint8Array, value: Uint8Array | undefined) => void;

export interface ClusterState {
  /** The cluster version as `3.7.0`; undefined before the first leader decided it. */
  readonly version?: string | undefined;
  /** A member has published its name and client URLs. Asserts that the member is known or was removed. */
  setMemberAttributes(
    memberId: bigint,
    attributes: { readonly name: string; readonly clientUrls: readonly string[] },
    rows: RowSink,
  ): void;
  /** The lowest version that all members run, as `3.7.0`. A member older than that stops. */
  setClusterVersion(version: string, rows: RowSink): void;
  /** `targetVersion` is empty when `enabled` is false. */
  setDowngrade(enabled: boolean, targetVersion: string, rows: RowSink): void;
}
