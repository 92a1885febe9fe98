/**
 * A page for operators as a script: its blocks of `sh`, one after another, in one shell.
 *
 * `# => words` behind a command demands that its output has these words; every command must succeed, as `set -e` has it. Addresses on
 * loopback get ports that are free, so that a page may use etcd's own.
 */
import { findFreePort } from "../harness/free-port.js";

const BLOCK = /^```sh\n(.*?)^```$/gms;
const DEMAND = /^(.*?)\s+# => (.*)$/;
const ADDRESS = /127\.0\.0\.1:(\d+)/g;

export interface PageScript {
  readonly text: string;
  /** Commands whose output is looked at. */
  readonly demands: number;
}

export async function createPageScript(page: string): Promise<PageScript> {
  const blocks = [...page.matchAll(BLOCK)].map(([, block = ""]) => block);
  const lines = blocks.flatMap((block) => block.split("\n"));
  const ports = new Map<string, number>();
  for (const [, port = ""] of lines.join("\n").matchAll(ADDRESS))
    if (!ports.has(port)) ports.set(port, await findFreePort());
  let demands = 0;
  const body = lines.map((line) => {
    const [, command, words] = DEMAND.exec(line) ?? [];
    if (command === undefined || words === undefined) return line;
    demands++;
    return `demand ${quote(words)} ${quote(command)}`;
  });
  const text = [PROLOGUE, ...body, "echo the page is done"]
    .join("\n")
    .replaceAll(ADDRESS, (_, port: string) => `127.0.0.1:${ports.get(port) ?? 0}`);
  return { text, demands };
}

/** The command runs in the page's own shell, so that what it defines stays. */
const PROLOGUE = `set -euo pipefail
demand() {
  echo "$ $2"
  local status=0
  eval "$2" >demanded.txt 2>&1 || status=$?
  cat demanded.txt
  if [ $status -ne 0 ]; then echo "FAILED with $status: $2"; exit 1; fi
  if ! grep -qF -- "$1" demanded.txt; then echo "MISSING: $1"; exit 1; fi
}`;

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
