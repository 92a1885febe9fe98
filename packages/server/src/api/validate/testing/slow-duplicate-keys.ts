/** The rule of kv-watch-lease 4.6 as it is written down, in quadratic time: what the fast check is held against. */
import { isPoint, type DeleteView, type OpNode, type PutView, type TxnNode } from "@quorate/machine";
import type { ErrorName } from "@quorate/proto";

/** What a list of operations writes, or that it writes a key twice. Keys are latin1 strings: ordered as the bytes are. */
interface Written {
  readonly puts: Set<string>;
  readonly deletes: Interval[];
}

/** [from, to); a point is [key, key + 0x00). */
interface Interval {
  readonly from: string;
  readonly to: string;
}

/** @returns as `checkDuplicateKeys`. */
export function slowlyCheckDuplicateKeys(ops: readonly OpNode[]): ErrorName | undefined {
  return collectWritten(ops) === undefined ? "duplicate-key" : undefined;
}

/** @returns undefined for a duplicate. */
function collectWritten(ops: readonly OpNode[]): Written | undefined {
  const written: Written = { puts: new Set(), deletes: [] };
  for (const op of ops) if (op.kind === "delete") written.deletes.push(intervalOf(op));
  for (const op of ops) if (op.kind === "txn" && !addNested(op, written)) return undefined;
  for (const op of ops) if (op.kind === "put" && !addPut(keyOf(op), written)) return undefined;
  return written;
}

function addPut(key: string, written: Written): boolean {
  if (written.puts.has(key) || isDeleted(key, written.deletes)) return false;
  written.puts.add(key);
  return true;
}

function addNested(txn: TxnNode, written: Written): boolean {
  const success = collectWritten(txn.success);
  const failure = success === undefined ? undefined : collectWritten(txn.failure);
  if (success === undefined || failure === undefined) return false;
  for (const key of success.puts) if (!addPut(key, written)) return false;
  for (const key of failure.puts) {
    const isOtherBranch = success.puts.has(key);
    if (isDeleted(key, written.deletes) || (written.puts.has(key) && !isOtherBranch)) return false;
    written.puts.add(key);
  }
  for (const interval of success.deletes) written.deletes.push(interval);
  for (const interval of failure.deletes) written.deletes.push(interval);
  return true;
}

function isDeleted(key: string, deletes: readonly Interval[]): boolean {
  return deletes.some(({ from, to }) => from <= key && key < to);
}

/** An open end (0x00) is taken as it is written here, which makes the interval empty: a habit of upstream. */
function intervalOf(remove: DeleteView): Interval {
  const from = keyOf(remove);
  const to = isPoint(remove) ? `${from}\0` : textOf(remove.buffer, remove.endStart, remove.endEnd);
  return { from, to };
}

function keyOf(op: PutView | DeleteView): string {
  return textOf(op.buffer, op.keyStart, op.keyEnd);
}

function textOf(buffer: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(buffer[at] as number);
  return text;
}
