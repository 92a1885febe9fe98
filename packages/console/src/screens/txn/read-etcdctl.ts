/**
 * Reads what `etcdctl txn` would read, so that a transaction from a script or a document can be pasted into the builder. A heredoc
 * around it is taken off.
 */
import { escapeBytes } from "../../text/escape.js";
import { RELATIONS, TARGETS } from "./draft.js";
import type { KeyDraft } from "./key-reach.js";
import type { CompareDraft, OperationDraft, Target, TxnDraft } from "./draft.js";
import { unquote } from "./unquote.js";

export class TxnTextError extends Error {
  override readonly name = "TxnTextError";
  /** 1 for the first line of what was pasted. */
  readonly line: number;

  constructor(line: number, message: string) {
    super(`Line ${line}: ${message}`);
    this.line = line;
  }
}

/** @throws TxnTextError at the first line that is not understood. */
export function readEtcdctl(text: string): TxnDraft {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  const first = lines.findIndex((line) => line.includes("etcdctl") && line.includes("<<"));
  const compares: CompareDraft[] = [];
  const branches: [OperationDraft[], OperationDraft[]] = [[], []];
  let section = 0;
  for (let at = first + 1; at < lines.length && section < 3; at++) {
    const line = (lines[at] ?? "").trim();
    if (first >= 0 && line === "EOF") break;
    if (line === "") {
      section++;
      continue;
    }
    try {
      if (section === 0) compares.push(readCompare(line));
      else (section === 1 ? branches[0] : branches[1]).push(readOperation(line));
    } catch (error) {
      throw new TxnTextError(at + 1, error instanceof Error ? error.message : String(error));
    }
  }
  return { compares, success: branches[0], failure: branches[1] };
}

const targetNames: Readonly<Record<string, Target>> = {
  ...Object.fromEntries(TARGETS.map((target) => [target, target])),
  ver: "version",
  c: "create",
  m: "mod",
  val: "value",
};

function readCompare(line: string): CompareDraft {
  const match = /^(\w+)\(("(?:[^"\\]|\\.)*")\)\s+(\S+)\s+("(?:[^"\\]|\\.)*")$/.exec(line);
  const target = targetNames[match?.[1] ?? ""];
  const relation = RELATIONS.find((known) => known === match?.[3]);
  if (match === null || target === undefined || relation === undefined) {
    throw new SyntaxError('a condition looks like mod("key") = "3".');
  }
  const operand = unquote(match[4] ?? "");
  return {
    target,
    relation,
    key: escapeBytes(unquote(match[2] ?? "")),
    reach: "key",
    end: "",
    operand: target === "value" ? escapeBytes(operand) : new TextDecoder().decode(operand),
  };
}

interface Command {
  readonly name: string;
  readonly flags: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
}

function readOperation(line: string): OperationDraft {
  const command = readCommand(line);
  const { flags, operands } = command;
  const operand = (at: number): string => {
    const found = operands[at];
    if (found === undefined) throw new SyntaxError(`${command.name} needs more arguments.`);
    return found;
  };
  switch (command.name) {
    case "get": {
      onlyFlags(flags, ["prefix", "from-key", "keys-only", "count-only", "limit"]);
      const show = flags.has("count-only") ? "count" : flags.has("keys-only") ? "keys" : "all";
      return { op: "get", ...reachOf(flags, operands), show, limit: flags.get("limit") ?? "" };
    }
    case "put":
      onlyFlags(flags, ["lease", "prev-kv"]);
      return {
        op: "put",
        key: operand(0),
        value: operand(1),
        lease: flags.get("lease") ?? "",
        previous: flags.has("prev-kv"),
      };
    case "del":
      onlyFlags(flags, ["prefix", "from-key", "prev-kv"]);
      return { op: "delete", ...reachOf(flags, operands), previous: flags.has("prev-kv") };
    default:
      throw new SyntaxError(`an operation is get, put or del, not ${command.name}.`);
  }
}

function reachOf(flags: ReadonlyMap<string, string>, operands: readonly string[]): KeyDraft {
  const [key, end] = operands;
  if (key === undefined) throw new SyntaxError("a key is missing.");
  if (flags.has("prefix")) return { key, reach: "prefix", end: "" };
  if (flags.has("from-key")) return { key, reach: "from", end: "" };
  return end === undefined ? { key, reach: "key", end: "" } : { key, reach: "until", end };
}

function onlyFlags(flags: ReadonlyMap<string, string>, known: readonly string[]): void {
  for (const flag of flags.keys()) {
    if (!known.includes(flag)) throw new SyntaxError(`the builder does not know --${flag}.`);
  }
}

/** Flags that take their value as the next word when it is not behind `=`. */
const withValue = new Set(["limit", "lease"]);

function readCommand(line: string): Command {
  const words = [...line.matchAll(/"(?:[^"\\]|\\.)*"|'[^']*'|[^'"\s]\S*/g)].map((match) => match[0]);
  const [name = "", ...rest] = words;
  const flags = new Map<string, string>();
  const operands: string[] = [];
  let flagsEnded = false;
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at] ?? "";
    if (!flagsEnded && word === "--") flagsEnded = true;
    else if (!flagsEnded && word.startsWith("--")) {
      const [flag = "", value] = word.slice(2).split("=", 2);
      flags.set(flag, value ?? (withValue.has(flag) ? (rest[++at] ?? "") : ""));
    } else operands.push(readWord(word));
  }
  return { name, flags, operands };
}

/** @returns escaped text, as drafts hold it. */
function readWord(word: string): string {
  if (word.startsWith('"')) return escapeBytes(unquote(word));
  const plain = word.startsWith("'") ? word.slice(1, -1) : word;
  return escapeBytes(new TextEncoder().encode(plain));
}
