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

/** Why members of ours and of etcd can not be in one cluster; undefined when they can. */
export function reasonAgainstMixing(): string | undefined {
  if (etcdRelease === undefined) return "there is no etcd";
  return isOlder(etcdRelease, "3.4.0") ? `etcd ${etcdRelease} is too old` : undefined;
}

/**
 * Why neither kind's members can join a cluster of the other, database first; undefined when they can. Before 3.6 a member does not
 * join a cluster of a newer version; before 3.5 it keeps 5000 entries of log, whatever the flags say, so that nobody needs a database.
 */
export function reasonAgainstJoining(): string | undefined {
  if (etcdRelease === undefined || !isOlder(etcdRelease, "3.6.0")) return reasonAgainstMixing();
  return `etcd ${etcdRelease} does not join clusters of a newer version; 3.6 or newer in ETCD_BIN does`;
}

/** Flags that make a member take snapshots often and keep hardly any log behind them, so that members that lag need one. */
export function shortLogFlags(kind: ServerKind): readonly string[] {
  if (kind === "etcd" && etcdRelease !== undefined && isOlder(etcdRelease, "3.6.0")) {
    const catchUp = isOlder(etcdRelease, "3.5.0") ? [] : ["--experimental-snapshot-catchup-entries=5"];
    return ["--snapshot-count=50", ...catchUp];
  }
  return ["--snapshot-count=50", "--snapshot-catchup-entries=5"];
}
