/** Debian's Patroni and PostgreSQL: where they are, and who may run them. */
import { execFileSync, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const VERSIONS = "/usr/lib/postgresql";
/** Debian's interpreter, which has the driver that Patroni uses. */
const PYTHON = "/usr/bin/python3";
const PATRONI = "/usr/bin/patroni";
const USER = "postgres";

export interface DatabasePrograms {
  readonly patroni: string;
  readonly python: string;
  /** The folder with initdb, postgres and the rest. */
  readonly binaries: string;
  /** PostgreSQL refuses to run as root; undefined: we are somebody else already. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
}

/** @returns the programs, or a text that says what is missing. */
export function findDatabasePrograms(): DatabasePrograms | string {
  if (!existsSync("/proc/self/stat")) return "processes are looked up in /proc, which is Linux's";
  if (!isExecutable(PATRONI)) return "Patroni is missing; install the package patroni";
  // Patroni speaks TLS by way of pyOpenSSL, which wants idna and, in Debian, doesn't say so.
  if (spawnSync(PYTHON, ["-c", "import psycopg2, idna"]).status !== 0)
    return "Patroni's driver or its TLS is incomplete; install the packages python3-psycopg2 and python3-idna";
  const binaries = existsSync(VERSIONS)
    ? readdirSync(VERSIONS)
        .sort((a, b) => Number(b) - Number(a))
        .map((version) => join(VERSIONS, version, "bin"))
        .find((folder) => isExecutable(join(folder, "postgres")))
    : undefined;
  if (binaries === undefined) return "PostgreSQL is missing; install the package postgresql";
  const isRoot = process.getuid?.() === 0;
  return { patroni: PATRONI, python: PYTHON, binaries, user: isRoot ? readUser() : undefined };
}

function readUser(): { readonly uid: number; readonly gid: number } {
  const id = (flag: string): number => Number(execFileSync("id", [flag, USER], { encoding: "utf8" }).trim());
  return { uid: id("-u"), gid: id("-g") };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
