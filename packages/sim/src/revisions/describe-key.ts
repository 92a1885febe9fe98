/** Keys, events and operations as short lines of text. */
import type { Compare, KvOperation, KvRequest, KvResult, StoredKey } from "../history/operation.js";
import type { StoreEvent } from "../history/watcher-log.js";

export function isSameKey(a: StoredKey | null | undefined, b: StoredKey | null | undefined): boolean {
  if (a == null || b == null) return (a ?? null) === (b ?? null);
  return (
    a.key === b.key &&
    a.value === b.value &&
    a.modRevision === b.modRevision &&
    a.createRevision === b.createRevision &&
    a.version === b.version
  );
}

export function describeKey(key: StoredKey | null | undefined): string {
  if (key == null) return "no key";
  const { value, modRevision, createRevision, version } = key;
  return `${key.key}=${value} (mod ${modRevision}, create ${createRevision}, version ${version})`;
}

export function describeKeys(keys: readonly StoredKey[]): string {
  return keys.length === 0 ? "nothing" : keys.map(describeKey).join(", ");
}

export function describeEvent(event: StoreEvent): string {
  if (event.kind === "delete") return `delete ${event.key} at revision ${event.modRevision}`;
  return `put ${describeKey(event)}`;
}

/** One line: when, who, what, and the answer. */
export function describeOperation(operation: KvOperation): string {
  const { id, client, endpoint, request, outcome, startMs, endMs } = operation;
  const answer = outcome.kind === "ok" ? describeResult(outcome.result) : `${outcome.kind}: ${outcome.error}`;
  const times = `[${startMs.toFixed(3)}, ${endMs.toFixed(3)}] ms`;
  return `${times} #${id} client ${client} at endpoint ${endpoint}: ${describeRequest(request)} -> ${answer}`;
}

export function describeRequest(request: KvRequest): string {
  switch (request.kind) {
    case "put":
      return `put ${request.key}=${request.value}`;
    case "put-many":
      return `put ${request.pairs.map(({ key, value }) => `${key}=${value}`).join(" ")}`;
    case "delete":
      return `delete ${request.key}`;
    case "get":
      return `${request.serializable ? "serializable " : ""}get ${request.key}`;
    case "range":
      return `${request.serializable ? "serializable " : ""}range ${request.prefix}*`;
    case "cas":
      return `if ${describeCompare(request.compare)} put ${request.key}=${request.value}`;
  }
}

function describeCompare(compare: Compare): string {
  return compare.target === "value" ? `value=${compare.value}` : `${compare.target}=${compare.number}`;
}

function describeResult({ revision, kvs, previous, deleted, succeeded }: KvResult): string {
  const parts = [`revision ${revision}`];
  if (succeeded !== undefined) parts.push(succeeded ? "held" : "did not hold");
  if (deleted !== undefined) parts.push(`${deleted} deleted`);
  if (previous !== undefined) parts.push(`before: ${describeKey(previous)}`);
  if (kvs !== undefined) parts.push(`read ${describeKeys(kvs)}`);
  return parts.join(", ");
}
