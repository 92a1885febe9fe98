/** `/debug/vars`: names as etcd publishes them, and what Node has to say under them. */
import { getHeapStatistics } from "node:v8";

export interface RaftStatus {
  readonly id: bigint;
  readonly term: number;
  /** 0n when there is none. */
  readonly lead: bigint;
  readonly commit: number;
  readonly applied: number;
  readonly isLearner: boolean;
}

/** One name a line, as Go's expvar writes them. */
export function debugVars({ raftStatus }: { readonly raftStatus: () => RaftStatus }): string {
  const vars: Readonly<Record<string, unknown>> = {
    cmdline: withoutSecrets(process.argv),
    memstats: { ...process.memoryUsage(), ...getHeapStatistics() },
    "raft.status": describe(raftStatus()),
    resources: countByName(process.getActiveResourcesInfo()),
    uptime_seconds: process.uptime(),
    versions: process.versions,
  };
  const lines = Object.entries(vars).map(
    ([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`,
  );
  return `{\n${lines.join(",\n")}\n}\n`;
}

function describe({ id, term, lead, commit, applied, isLearner }: RaftStatus): Record<string, unknown> {
  const isLeader = lead === id;
  return {
    id: id.toString(16),
    term,
    lead: lead.toString(16),
    commit,
    applied,
    raftState: isLeader ? "StateLeader" : "StateFollower",
    isLearner,
  };
}

/** Timers, sockets and whatever else keeps the process busy, as many as there are of each. */
function countByName(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

const SECRET_FLAG = /^(--?[a-z-]*password)(=.*)?$/s;

/** A command line that may be shown: values of passwords are left out. */
export function withoutSecrets(words: readonly string[]): string[] {
  return words.map((word, i) => {
    const [, flag, value] = SECRET_FLAG.exec(word) ?? [];
    if (flag !== undefined && value !== undefined) return `${flag}=***`;
    // `--name value`, where the word before names a password.
    return SECRET_FLAG.exec(words[i - 1] ?? "")?.[2] === undefined && SECRET_FLAG.test(words[i - 1] ?? "")
      ? "***"
      : word;
  });
}
