/**
 * Servers refuse a transaction that writes one key twice on a path that can be taken: two puts of a key, or a put into a range that is
 * deleted, be it in the list itself or in transactions within it. Foretelling that saves a round trip and names the key.
 */
import type { etcdserverpb } from "@quorate/proto";
import { equalBytes } from "../../text/bytes.js";
import { escapeBytes } from "../../text/escape.js";
import { rangeContains } from "./key-reach.js";
import type { KeyRange } from "./key-reach.js";

interface Writes {
  readonly puts: readonly Uint8Array[];
  readonly deletes: readonly KeyRange[];
}

/** @returns the key, as text, that one run of the list could write twice. */
export function findDoubleWrite(list: readonly etcdserverpb.RequestOp[]): string | undefined {
  const result = gather(list);
  return "twice" in result ? escapeBytes(result.twice) : undefined;
}

function gather(list: readonly etcdserverpb.RequestOp[]): Writes | { readonly twice: Uint8Array } {
  const puts: Uint8Array[] = [];
  const deletes: KeyRange[] = [];
  const nested: Writes[] = [];
  for (const { request } of list) {
    if (request.case === "requestPut") puts.push(request.value.key);
    else if (request.case === "requestDeleteRange") {
      deletes.push(request.value);
    } else if (request.case === "requestTxn") {
      const branches = [gather(request.value.success), gather(request.value.failure)];
      for (const branch of branches) if ("twice" in branch) return branch;
      const writes = branches.filter((branch) => "puts" in branch);
      // Only one of the two branches runs, so what one puts does not collide with the other.
      nested.push({
        puts: distinct(writes.flatMap((branch) => branch.puts)),
        deletes: writes.flatMap((branch) => branch.deletes),
      });
    }
  }
  const parts: Writes[] = [
    ...puts.map((key) => ({ puts: [key], deletes: [] })),
    { puts: [], deletes },
    ...nested,
  ];
  for (const [at, part] of parts.entries()) {
    for (const other of parts.slice(at + 1)) {
      const twice = collision(part, other) ?? collision(other, part);
      if (twice !== undefined) return { twice };
    }
  }
  return { puts: parts.flatMap((part) => part.puts), deletes: parts.flatMap((part) => part.deletes) };
}

function collision(part: Writes, other: Writes): Uint8Array | undefined {
  return part.puts.find(
    (key) =>
      other.puts.some((also) => equalBytes(key, also)) ||
      other.deletes.some((range) => rangeContains(range, key)),
  );
}

function distinct(keys: readonly Uint8Array[]): Uint8Array[] {
  return keys.filter((key, at) => keys.findIndex((other) => equalBytes(other, key)) === at);
}
