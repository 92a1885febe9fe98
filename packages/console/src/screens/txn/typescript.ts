/** A transaction as code for the SDK. */
import { parseSignedHexId } from "@quorate/proto";
import { quoteTypeScript } from "../../text/commands.js";
import { parseEscaped } from "../../text/escape.js";
import type { CompareDraft, OperationDraft, Relation, Target, TxnDraft } from "./draft.js";
import type { KeyDraft } from "./key-reach.js";

/** The draft must be one that `buildTxn` accepts. Reads as the SDK does: if, do, else. */
export function writeTypeScript(draft: TxnDraft): string {
  const imports = [...new Set(importsOf(draft))].toSorted();
  const head = imports.length === 0 ? "" : `import { ${imports.join(", ")} } from "@quorate/client";\n\n`;
  return `${head}const result = await client\n${indent(writeChain(draft), 1)}\n  .commit();`;
}

function importsOf(draft: TxnDraft): string[] {
  return [
    ...draft.compares.map((compare) => targetCalls[compare.target]),
    ...[...draft.success, ...draft.failure].flatMap((operation) =>
      operation.op === "txn" ? importsOf(operation.txn) : [operationCall(operation)],
    ),
  ];
}

function writeChain(draft: TxnDraft): string {
  const parts = [".txn()"];
  if (draft.compares.length > 0) parts.push(`.if(${writeList(draft.compares.map(writeCompare))})`);
  if (draft.success.length > 0) parts.push(`.do(${writeList(draft.success.map(writeOperation))})`);
  if (draft.failure.length > 0) parts.push(`.else(${writeList(draft.failure.map(writeOperation))})`);
  return parts.join("\n");
}

/** One on the line, several on lines of their own. */
function writeList(items: readonly string[]): string {
  if (items.length === 1 && !items[0]?.includes("\n")) return items[0] ?? "";
  return `\n${items.map((item) => `${indent(item, 1)},`).join("\n")}\n`;
}

const targetCalls: Readonly<Record<Target, string>> = {
  version: "version",
  create: "createRevision",
  mod: "modRevision",
  value: "value",
  lease: "lease",
};

const relationCalls: Readonly<Record<Relation, string>> = {
  "=": "equals",
  "!=": "notEquals",
  ">": "above",
  "<": "below",
};

function writeCompare(compare: CompareDraft): string {
  const operand =
    compare.target === "value"
      ? quoteTypeScript(parseEscaped(compare.operand))
      : compare.target === "lease"
        ? writeLease(compare.operand)
        : `${compare.operand.trim()}n`;
  return `${targetCalls[compare.target]}(${writeKeys(compare)}).${relationCalls[compare.relation]}(${operand})`;
}

function operationCall(operation: Exclude<OperationDraft, { op: "txn" }>): string {
  if (operation.op === "get") return operation.reach === "key" ? "get" : "getAll";
  return operation.op === "delete" ? "remove" : "put";
}

function writeOperation(operation: OperationDraft): string {
  if (operation.op === "txn") return `client\n${indent(writeChain(operation.txn), 1)}\n  .nested()`;
  const call = operationCall(operation);
  const options: string[] = [];
  switch (operation.op) {
    case "get":
      // One key has no limit; what is answered is the SDK's choice.
      if (operation.reach !== "key" && operation.limit.trim() !== "") {
        options.push(`limit: ${operation.limit.trim()}`);
      }
      return `${call}(${writeKeys(operation)}${writeOptions(options)})`;
    case "put":
      if (operation.lease.trim() !== "") options.push(`lease: ${writeLease(operation.lease)}`);
      if (operation.previous) options.push("previous: true");
      return `${call}(${writeText(operation.key)}, ${writeText(operation.value)}${writeOptions(options)})`;
    case "delete":
      if (operation.previous) options.push("previous: true");
      return `${call}(${writeKeys(operation)}${writeOptions(options)})`;
  }
}

function writeKeys({ key, reach, end }: KeyDraft): string {
  switch (reach) {
    case "key":
      return writeText(key);
    case "prefix":
      return `{ prefix: ${writeText(key)} }`;
    case "from":
      return `{ from: ${writeText(key)} }`;
    case "until":
      return `{ from: ${writeText(key)}, to: ${writeText(end)} }`;
  }
}

function writeText(escaped: string): string {
  return quoteTypeScript(parseEscaped(escaped));
}

function writeLease(hex: string): string {
  const id = parseSignedHexId(hex.trim()) ?? 0n;
  return id < 0n ? `${id}n` : `0x${id.toString(16)}n`;
}

function writeOptions(options: readonly string[]): string {
  return options.length === 0 ? "" : `, { ${options.join(", ")} }`;
}

function indent(text: string, depth: number): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? line : "  ".repeat(depth) + line))
    .join("\n");
}
