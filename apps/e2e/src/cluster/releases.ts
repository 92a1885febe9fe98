/** What the etcd at hand is, and what its release lets it do together with ours. */
import { spawnSync } from "node:child_process";
import { isOlder } from "../harness/etcd-version.js";
import { findProgram } from "../harness/programs.js";
import type { ServerKind } from "../harness/programs.js";

/** `major.minor.patch` of the etcd that suites use; undefined without one. */
export const etcdRelease: string | undefined = readRelease();

function readRelease(): string | undefined {
  const program = findProgram("etcd");
  if (program === undefined) return undefined;
  const { stdout } = spawnSync(program.command, ["--version"], { encoding: "utf8", timeout: 10_000 });
  return /etcd Version: (\S+)/.exec(stdout)?.[1];
}

/**
 * Why members of ours and of etcd can not be in one cluster; undefined when they can. Before 3.6 a member that joins a
 * cluster of a newer version refuses to, and the entries that publish members and versions are others.
 */
export function reasonAgainstMixing(): string | undefined {
  if (etcdRelease === undefined) return "there is no etcd";
  if (isOlder(etcdRelease, "3.6.0")) {
    return `etcd ${etcdRelease} ends when it applies the entries by which newer members publish themselves; 3.6 or newer in ETCD_BIN can be mixed`;
  }
  return undefined;
}

/** Flags that make a member take snapshots often and keep hardly any log behind them, so that members that lag need one. */
export function shortLogFlags(kind: ServerKind): readonly string[] {
  if (kind === "etcd" && etcdRelease !== undefined && isOlder(etcdRelease, "3.6.0")) {
    const catchUp = isOlder(etcdRelease, "3.5.0") ? [] : ["--experimental-snapshot-catchup-entries=5"];
    return ["--snapshot-count=50", ...catchUp];
  }
  return ["--snapshot-count=50", "--snapshot-catchup-entries=5"];
}
