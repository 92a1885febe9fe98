/**
 * Makes what an etcdctl prints about one cluster comparable with what it prints about another: whatever a cluster got by
 * chance is replaced by the name of what it stands for, so that a wrong id in the right place is still seen.
 */
import type { CommandResult } from "../harness/run-command.js";

/** A step's output, and how it ended. */
export interface Transcript {
  readonly step: string;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

type JsonTree =
  null | boolean | number | string | readonly JsonTree[] | { readonly [name: string]: JsonTree };

/** Kept per cluster: texts by what they stand for. Later names win over earlier ones that are part of them. */
export class Mask {
  readonly #names = new Map<string, string>();

  /** @param text as it is printed, at least as long as no number of interest is. */
  name(text: string, meaning: string): void {
    if (text !== "") this.#names.set(text, meaning);
  }

  /** An id is printed in hexadecimal by some commands and in decimal by others. */
  nameId(id: bigint, meaning: string): void {
    this.name(id.toString(16), meaning);
    this.name(id.toString(), meaning);
  }

  apply(step: string, { exitCode, stdout, stderr }: CommandResult): Transcript {
    return {
      step,
      exitCode,
      stdout: this.#maskText(stdout),
      stderr: this.#maskText(withoutLogLines(stderr)),
    };
  }

  #maskText(printed: string): string {
    const text = Buffer.from(printed, "latin1").toString("utf8");
    let masked = text.replace(/\bETCD_INITIAL_CLUSTER="([^"]*)"/, (_, list: string) => {
      return `ETCD_INITIAL_CLUSTER="${list.split(",").sort().join(",")}"`;
    });
    const byLength = [...this.#names].sort(([left], [right]) => right.length - left.length);
    for (const [found, meaning] of byLength) masked = masked.replaceAll(found, meaning);
    masked = masked.replace(/\b\d+(?:\.\d+)?(?:m|n|µ)?s\b/g, "TIME");
    return masked.startsWith("{") || masked.startsWith("[") ? maskJson(masked) : maskLines(masked);
  }
}

/** Numbers of raft, sizes and versions are each server's own. */
function maskJson(text: string): string {
  // Ids were numbers before they were names.
  const quoted = text.replace(/(:\s*)([A-Za-z][\w-]*)(?=[,}\]])/g, (whole, colon: string, word: string) =>
    word === "true" || word === "false" || word === "null" ? whole : `${colon}"${word}"`,
  );
  return JSON.stringify(sortTree(JSON.parse(quoted) as JsonTree), undefined, 1);
}

const OWN_NUMBERS =
  /^(?:raft_?term|raftIndex|raftAppliedIndex|dbSize|dbSizeInUse|dbSizeQuota|version|storageVersion|totalSize|totalKey)$/i;

function sortTree(tree: JsonTree, name = ""): JsonTree {
  if (OWN_NUMBERS.test(name)) return "OWN";
  if (Array.isArray(tree)) {
    const items = (tree as readonly JsonTree[]).map((item) => sortTree(item));
    return items.sort((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1));
  }
  if (typeof tree !== "object" || tree === null) return tree;
  const entries = Object.entries(tree as Record<string, JsonTree>)
    // Which member answered is each client's own choice. A file's hash covers what is each server's own.
    .filter(([field]) => field !== "member_id" && !(field === "hash" && "totalKey" in tree))
    .map(([field, item]) => [field, sortTree(item, field)] as const);
  return Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** Members are listed by id and endpoints by the answer's arrival, both by chance. Tables lose their drawing. */
function maskLines(text: string): string {
  return text
    .split("\n")
    .map((line) => line.replace(/[-─+┌┐└┘├┤┬┴┼]{3,}/g, "-").replace(/ +/g, " "))
    .map(maskStatusRow)
    .sort()
    .join("\n");
}

/** Endpoint, id and who leads count in a row of `endpoint status`; sizes, versions and raft's numbers do not. */
function maskStatusRow(line: string): string {
  return (
    line
      .replace(/\b\d+(?:\.\d+)? [kMG]?B\b/g, "SIZE")
      .replace(/\b3\.\d+\.\d+\b/g, "VERSION")
      .replace(/\b\d+%/g, "PART")
      // The hash of a snapshot's file and its rows count what is each server's own.
      .replace(
        /^([|│] )?[0-9a-f]{1,8}(,| [|│]) (\d+)(?:,| [|│]) \d+(?:,| [|│]) SIZE/,
        "$1HASH$2 $3 ROWS SIZE",
      )
      .replace(/((?:true|false)(?:,| [|│])) ?\d+(,| [|│]) ?\d+(,| [|│]) ?\d+/g, "$1 TERM$2 INDEX$3 APPLIED")
  );
}

/** Clients log what they retry, and tools what they open. */
function withoutLogLines(stderr: string): string {
  return stderr
    .split("\n")
    .filter((line) => !/^(?:\{|\d{4}-\d\d-\d\dT)/.test(line))
    .join("\n");
}
