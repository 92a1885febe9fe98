/** One change as the live view lists it. */
import { mvccpb } from "@quorate/proto";

export interface EventRow {
  /** Position in the stream, from 1: stays the row's identity while the buffer moves on. */
  readonly sequence: number;
  /** `create` and `update` are both puts; a lease that ran out deletes like anybody else. */
  readonly kind: "create" | "update" | "delete";
  readonly key: Uint8Array;
  readonly revision: bigint;
  /** Absent for deletes. */
  readonly after: mvccpb.KeyValue | undefined;
  /** Absent when the key is new, or its state before was compacted. */
  readonly before: mvccpb.KeyValue | undefined;
  /** Browser clock when it arrived, milliseconds. The store keeps no times. */
  readonly seenAtMs: number;
}

export function rowOf(event: mvccpb.Event, sequence: number, seenAtMs: number): EventRow {
  const { kv } = event;
  const deleted = event.type === mvccpb.Event_EventType.DELETE;
  return {
    sequence,
    kind: deleted ? "delete" : kv !== undefined && kv.createRevision === kv.modRevision ? "create" : "update",
    key: kv?.key ?? new Uint8Array(),
    revision: kv?.modRevision ?? 0n,
    after: deleted ? undefined : kv,
    before: event.prevKv,
    seenAtMs,
  };
}

export interface RowFilter {
  readonly puts: boolean;
  readonly deletes: boolean;
  /** In the key or in the value after or before; case does not matter. */
  readonly text: string;
}

/** Prepared once per filter: it runs over the whole buffer at each change of the text. */
export function createMatcher(filter: RowFilter): (row: EventRow) => boolean {
  const decoder = new TextDecoder();
  const needle = filter.text.toLowerCase();
  const says = (bytes: Uint8Array | undefined): boolean =>
    bytes !== undefined && decoder.decode(bytes).toLowerCase().includes(needle);
  return (row) => {
    if (row.kind === "delete" ? !filter.deletes : !filter.puts) return false;
    return needle === "" || says(row.key) || says(row.after?.value) || says(row.before?.value);
  };
}
