/**
 * The dumb model of the store: a list of all rows ever, filtered by the rules of compaction as they are written down. Used
 * by model tests only; clear before fast.
 */
import { crc32c } from "@quorate/std";
import { encodeRecord } from "../record-codec.js";
import { createRevisionKey } from "../revision-key.js";

export interface NaiveRow {
  readonly key: string;
  readonly value: string;
  readonly main: number;
  readonly sub: number;
  readonly create: number;
  readonly version: number;
  readonly lease: bigint;
  readonly tombstone: boolean;
}

export class NaiveStore {
  revision = 1;
  compactRevision = -1;
  rows: NaiveRow[] = [];
  #main = 0;
  #sub = 0;

  begin(): void {
    this.#main = this.revision + 1;
    this.#sub = 0;
  }

  /** @param atRevision Infinity for the newest state, open transaction included. */
  find(key: string, atRevision: number): NaiveRow | undefined {
    const row = this.rows.findLast((candidate) => candidate.key === key && candidate.main <= atRevision);
    return row === undefined || row.tombstone ? undefined : row;
  }

  put(key: string, value: string, lease: bigint): void {
    const old = this.find(key, Infinity);
    this.rows.push({
      key,
      value,
      main: this.#main,
      sub: this.#sub++,
      create: old?.create ?? this.#main,
      version: (old?.version ?? 0) + 1,
      lease,
      tombstone: false,
    });
  }

  delete(key: string): boolean {
    if (this.find(key, Infinity) === undefined) return false;
    const row = { key, value: "", main: this.#main, sub: this.#sub++, create: 0, version: 0, lease: 0n };
    this.rows.push({ ...row, tombstone: true });
    return true;
  }

  end(): void {
    if (this.#sub > 0) this.revision = this.#main;
    this.#sub = 0;
  }

  /** Live rows in [from, to) at `atRevision`, by key. */
  scan(from: string, to: string | undefined, atRevision: number): NaiveRow[] {
    const keys = [...new Set(this.rows.map((row) => row.key))].sort(compareLatin1);
    return keys
      .filter((key) => compareLatin1(key, from) >= 0 && (to === undefined || compareLatin1(key, to) < 0))
      .flatMap((key) => this.find(key, atRevision) ?? []);
  }

  compact(revision: number): "compacted" | "future-revision" | undefined {
    if (revision <= this.compactRevision) return "compacted";
    if (revision > this.revision) return "future-revision";
    this.compactRevision = revision;
    this.rows = this.rows.filter((row) => this.#stays(row, revision));
    return undefined;
  }

  /** Of each key the newest row at or below C, unless it is a tombstone below C; and all above C. */
  #stays(row: NaiveRow, compactRevision: number): boolean {
    if (row.main > compactRevision) return true;
    const newest = this.rows.findLast((other) => other.key === row.key && other.main <= compactRevision);
    return newest === row && (!row.tombstone || row.main === compactRevision);
  }

  hashKv(revision: number): number {
    const keep = new Set(this.scan("", undefined, revision));
    let hash = crc32c(0, latin1("key"));
    for (const row of this.rows) {
      if (row.main > revision) continue;
      if (row.main <= this.compactRevision && keep.size > 0 && !keep.has(row)) continue;
      if (row.main === this.compactRevision && row.tombstone) continue;
      hash = crc32c(hash, createRevisionKey(row.main, row.sub, row.tombstone).subarray(1));
      hash = crc32c(hash, encodeRow(row));
    }
    return hash;
  }
}

export function encodeRow(row: NaiveRow): Uint8Array {
  return encodeRecord(latin1(row.key), latin1(row.value), {
    createRevision: row.create,
    modRevision: row.tombstone ? 0 : row.main,
    version: row.version,
    lease: row.lease,
  });
}

export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

export function compareLatin1(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
