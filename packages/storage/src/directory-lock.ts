/**
 * One process per directory, safe after `kill -9`.
 *
 * Node offers no flock, and a socket as a lock would not be a regular file (or, in Linux's abstract name space, not be seen
 * from another container). So each process leaves an empty file whose NAME says who it is: machine start, pid name space,
 * pid, start time of the process. A name is created atomically and is never half written; a dead owner is recognised
 * although its pid may be in use again.
 *
 * Taking the lock: leave the own file first, then look at the others (the order of Dekker and Lamport). Of two processes
 * that start at once at least one sees the other; both may give way and try again, never both go on. Files of dead owners
 * are removed by whoever meets them, which is harmless twice.
 *
 * Limits of knowledge: the liveness of a process in another pid name space (two containers, one volume) cannot be seen. Such
 * an owner is taken for dead, because a restarted container must start; the database's own lock, which the kernel keeps,
 * then decides. So open the database before the log.
 */
import { open, readFile, readdir, readlink, rm } from "node:fs/promises";
import { OperationalError, errnoOf, toOperationalError } from "./errors.js";

const PREFIX = "lock.";
const ATTEMPTS_MAX = 4;
const RETRY_DELAY_MS_MAX = 50;

/** Who holds a lock. Where the system does not tell, a part is "0". */
export interface ProcessIdentity {
  readonly boot: string;
  readonly pidSpace: string;
  readonly pid: number;
  readonly started: string;
}

export class DirectoryLock {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  /** Errors: `OperationalError` `locked`, naming the holder; `io`. */
  static async take(dir: string): Promise<DirectoryLock> {
    const self = await readIdentity(process.pid);
    if (self === undefined)
      throw new OperationalError("io", "this process is not among the processes of the system");
    const name = lockName(self);
    for (let attempt = 1; ; attempt++) {
      await createLockFile(dir, name);
      const holder = await findHolder(dir, name, self);
      if (holder === undefined) return new DirectoryLock(`${dir}/${name}`);
      await rm(`${dir}/${name}`, { force: true });
      if (attempt === ATTEMPTS_MAX) {
        const message = `${dir} is in use by process ${holder.pid}; stop it, or choose another data directory`;
        throw new OperationalError("locked", message);
      }
      // The other one may be giving way at this moment too; unequal waits break the tie.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * RETRY_DELAY_MS_MAX * attempt));
    }
  }

  async release(): Promise<void> {
    await rm(this.#file, { force: true });
  }
}

async function createLockFile(dir: string, name: string): Promise<void> {
  try {
    const handle = await open(`${dir}/${name}`, "wx", 0o600);
    await handle.close();
  } catch (error) {
    if (errnoOf(error) === "EEXIST")
      throw new OperationalError("locked", `${dir} is in use by this very process`);
    throw toOperationalError(error, `locking ${dir}`);
  }
}

/** @returns a living owner of another lock file; removes the files of dead ones. */
async function findHolder(
  dir: string,
  own: string,
  self: ProcessIdentity,
): Promise<ProcessIdentity | undefined> {
  for (const name of await readdir(dir)) {
    const owner = name === own ? undefined : parseLockName(name);
    if (owner === undefined) continue;
    if (await isAlive(owner, self)) return owner;
    await rm(`${dir}/${name}`, { force: true });
  }
  return undefined;
}

async function isAlive(owner: ProcessIdentity, self: ProcessIdentity): Promise<boolean> {
  if (owner.boot !== self.boot || owner.pidSpace !== self.pidSpace) return false;
  const now = await readIdentity(owner.pid);
  return now !== undefined && now.started === owner.started;
}

/** What the system knows of a running process; undefined when there is none with this pid, or what is left of one that has ended. */
export async function readIdentity(pid: number): Promise<ProcessIdentity | undefined> {
  if (process.platform === "linux") {
    const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => undefined);
    if (stat === undefined) return undefined;
    // The second field, the command in parentheses, may hold anything; the start time is the 20th after it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // Dead, and its parent has not asked how it ended; where nobody reaps orphans it stays so.
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "latin1").catch(() => "0");
    const pidSpace = await readlink("/proc/self/ns/pid").catch(() => "0");
    return {
      boot: boot.replace(/[^0-9a-f]/g, "").slice(0, 12) || "0",
      pidSpace: pidSpace.replace(/[^0-9]/g, "") || "0",
      pid,
      started: fields[19] ?? "0",
    };
  }
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Not allowed to signal it: so it exists.
    if (errnoOf(error) !== "EPERM") return undefined;
  }
  return { boot: "0", pidSpace: "0", pid, started: "0" };
}

export function lockName(owner: ProcessIdentity): string {
  return `${PREFIX}${owner.boot}.${owner.pidSpace}.${owner.pid}.${owner.started}`;
}

function parseLockName(name: string): ProcessIdentity | undefined {
  if (!name.startsWith(PREFIX)) return undefined;
  const [boot, pidSpace, pid, started] = name.slice(PREFIX.length).split(".");
  if (boot === undefined || pidSpace === undefined || pid === undefined || started === undefined)
    return undefined;
  return { boot, pidSpace, pid: Number(pid), started };
}
