/** Rows of a database file that are read or written by name, and what the file as a whole says about its moment. */
import { parseConfState, type TableChunk, type TableName } from "@quorate/machine";
import { emptyConfState, type ConfState } from "@quorate/raft";

/** A row to be put in the place of what a table has for `key`; an undefined value takes it away. */
export interface RowOverride {
  readonly table: TableName;
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** Which state a database holds. */
export interface DatabaseState {
  /** Of the last entry applied; 0 when the file does not say. */
  readonly index: number;
  /** Of that entry; 0 when the file does not say (etcd before 3.5). */
  readonly term: number;
  /** Empty when the file does not say (etcd before 3.5). */
  readonly confState: ConfState;
  /** As `3.7.0`; undefined when the file does not say (etcd before 3.6). */
  readonly storageVersion: string | undefined;
}

export const INDEX_ROW = "consistent_index";
export const TERM_ROW = "term";
export const CONF_STATE_ROW = "confState";
export const STORAGE_VERSION_ROW = "storageVersion";
export const CLUSTER_VERSION_ROW = "clusterVersion";

export function textRow(table: TableName, key: string, value: string): RowOverride {
  return { table, key: Buffer.from(key), value: Buffer.from(value) };
}

export function counterRow(key: string, value: number): RowOverride {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return { table: "meta", key: Buffer.from(key), value: bytes };
}

/** Picks the state from the rows of `meta` that pass by. */
export class StateWatcher {
  #index = 0;
  #term = 0;
  #confState: ConfState = emptyConfState;
  #storageVersion: string | undefined;

  see({ table, keys, values }: TableChunk): void {
    if (table !== "meta") return;
    for (let i = 0; i < keys.length; i++) this.#seeRow(text(keys[i]), values[i] as Uint8Array);
  }

  #seeRow(key: string, value: Uint8Array): void {
    if (key === INDEX_ROW) this.#index = counter(value);
    else if (key === TERM_ROW) this.#term = counter(value);
    else if (key === CONF_STATE_ROW) this.#confState = parseConfState(text(value)) ?? emptyConfState;
    else if (key === STORAGE_VERSION_ROW) this.#storageVersion = text(value);
  }

  get state(): DatabaseState {
    return {
      index: this.#index,
      term: this.#term,
      confState: this.#confState,
      storageVersion: this.#storageVersion,
    };
  }
}

function counter(value: Uint8Array): number {
  return value.length === 8 ? Number(view(value).readBigUInt64BE()) : 0;
}

export function text(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? "" : view(bytes).toString();
}

/** The same bytes, with Node's methods. */
export function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
