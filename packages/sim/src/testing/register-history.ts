/** Reads the recorded register histories of `testdata`; a place in the file is a time. */
import { readFileSync } from "node:fs";
import type { Timed } from "../linearizability/model.js";
import type { RegisterOperation, RegisterValue } from "../linearizability/register.js";

export interface RecordedHistory {
  readonly name: string;
  readonly isLinearizable: boolean;
  readonly operations: readonly Timed<RegisterOperation>[];
}

export function readRegisterHistories(path: URL): readonly RecordedHistory[] {
  const parts = readFileSync(path, "utf8").split(/^# /m).slice(1);
  return parts.map((part) => {
    const [title = "", ...lines] = part.trimEnd().split("\n");
    const [name = "", verdict] = title.split(" ");
    return { name, isLinearizable: verdict === "linearizable", operations: parseOperations(lines) };
  });
}

interface Invocation {
  readonly words: readonly string[];
  readonly start: number;
}

function parseOperations(lines: readonly string[]): Timed<RegisterOperation>[] {
  const underWay = new Map<string, Invocation>();
  const operations: Timed<RegisterOperation>[] = [];
  lines.forEach((line, place) => {
    const [client = "", event = "", ...words] = line.split(" ");
    if (event === "invoke") {
      underWay.set(client, { words, start: place });
      return;
    }
    const call = underWay.get(client);
    if (call === undefined) throw new Error(`nothing was under way: ${line}`);
    underWay.delete(client);
    const operation = toOperation(Number(client), call.words, event, words);
    if (operation !== undefined) {
      operations.push({ operation, start: call.start, end: event === "info" ? Infinity : place });
    }
  });
  // What had not ended when the recording did is unknown as well.
  for (const [client, { words, start }] of underWay) {
    const operation = toOperation(Number(client), words, "info", []);
    if (operation !== undefined) operations.push({ operation, start, end: Infinity });
  }
  return operations;
}

/** Undefined for a read without an answer: it says nothing. */
function toOperation(
  client: number,
  asked: readonly string[],
  event: string,
  answered: readonly string[],
): RegisterOperation | undefined {
  const [kind, first, second] = asked;
  if (kind === "read") {
    return event === "ok" ? { kind, client, value: toValue(answered[1]) } : undefined;
  }
  if (kind === "write") {
    if (event === "fail") throw new Error("no recorded write failed for certain");
    return { kind, client, value: toValue(first), isKnown: event === "ok" };
  }
  const answer = event === "ok" ? "swapped" : event === "fail" ? "differed" : "unknown";
  return { kind: "cas", client, from: toValue(first), to: toValue(second), answer };
}

function toValue(word: string | undefined): RegisterValue {
  return word === undefined || word === "nil" ? null : Number(word);
}
