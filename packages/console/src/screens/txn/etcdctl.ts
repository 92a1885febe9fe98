/**
 * A transaction in the language that `etcdctl txn` reads from its input: conditions, a blank line, what to do then, a blank line, what
 * to do otherwise. It knows no nested transactions, no conditions on ranges, and cannot compare leases.
 */
import { decodeUtf8, escapeBytes, isPlainText, parseEscaped } from "../../text/escape.js";
import type { KeyDraft } from "./key-reach.js";
import type { CompareDraft, OperationDraft, TxnDraft } from "./draft.js";

export type Written = { readonly text: string } | { readonly impossible: string };

/** The draft must be one that `buildTxn` accepts. */
export function writeEtcdctl(draft: TxnDraft): Written {
  const impossible = whyNot(draft);
  if (impossible !== undefined) return { impossible };
  const lines = [
    ...draft.compares.map(writeCompare),
    "",
    ...draft.success.map(writeOperation),
    "",
    ...draft.failure.map(writeOperation),
    "",
  ];
  return { text: `etcdctl txn <<'EOF'\n${lines.join("\n")}\nEOF` };
}

function whyNot(draft: TxnDraft): string | undefined {
  if ([...draft.success, ...draft.failure].some((operation) => operation.op === "txn")) {
    return "etcdctl cannot write a transaction within a transaction.";
  }
  if (draft.compares.some((compare) => compare.target === "lease")) return "etcdctl cannot compare leases.";
  if (draft.compares.some((compare) => compare.reach !== "key")) return "etcdctl compares single keys only.";
  return undefined;
}

const targetWords = {
  version: "version",
  create: "create",
  mod: "mod",
  value: "value",
  lease: "lease",
} as const;

function writeCompare(compare: CompareDraft): string {
  const operand =
    compare.target === "value" ? quote(parseEscaped(compare.operand)) : `"${compare.operand.trim()}"`;
  return `${targetWords[compare.target]}(${quoteText(compare.key)}) ${compare.relation} ${operand}`;
}

function writeOperation(operation: OperationDraft): string {
  switch (operation.op) {
    case "get": {
      const flags = [...reachFlags(operation)];
      if (operation.show === "keys") flags.push("--keys-only");
      if (operation.show === "count") flags.push("--count-only");
      if (operation.limit.trim() !== "") flags.push(`--limit=${operation.limit.trim()}`);
      return words("get", flags, keyWords(operation));
    }
    case "put": {
      const flags = operation.lease.trim() === "" ? [] : [`--lease=${operation.lease.trim()}`];
      if (operation.previous) flags.push("--prev-kv");
      return words("put", flags, [operation.key, operation.value]);
    }
    case "delete": {
      const flags = [...reachFlags(operation)];
      if (operation.previous) flags.push("--prev-kv");
      return words("del", flags, keyWords(operation));
    }
    case "txn":
      throw new RangeError("a nested transaction has no words");
  }
}

function reachFlags({ reach }: KeyDraft): string[] {
  return reach === "prefix" ? ["--prefix"] : reach === "from" ? ["--from-key"] : [];
}

function keyWords({ key, reach, end }: KeyDraft): string[] {
  return reach === "until" ? [key, end] : [key];
}

/** `--` ends the flags where a key or a value would look like one. */
function words(command: string, flags: readonly string[], operands: readonly string[]): string {
  const dashed = operands.some((operand) => operand.startsWith("-")) ? ["--"] : [];
  return [command, ...flags, ...dashed, ...operands.map(quoteText)].join(" ");
}

function quoteText(escaped: string): string {
  return quote(parseEscaped(escaped));
}

/** As Go reads quoted strings: bytes that are not text in hexadecimal. */
function quote(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes);
  if (text === undefined) return `"${[...bytes].map(quoteByte).join("")}"`;
  return `"${[...text].map(quoteCharacter).join("")}"`;
}

function quoteByte(byte: number): string {
  if (byte >= 0x20 && byte < 0x7f) return quoteCharacter(String.fromCharCode(byte));
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

function quoteCharacter(character: string): string {
  if (character === '"') return '\\"';
  if (isPlainText(character)) return character;
  const escaped = escapeBytes(new TextEncoder().encode(character));
  const point = /^\\u\{([0-9a-f]+)\}$/.exec(escaped)?.[1];
  if (point === undefined) return escaped;
  return point.length > 4 ? `\\U${point.padStart(8, "0")}` : `\\u${point.padStart(4, "0")}`;
}
