/**
 * Makes the disk slow for chosen processes: a control group that allows them few writes per second on the device their
 * data is on. What they sync themselves is counted there, so that a sync takes as long as on a disk that is busy or worn.
 *
 * Both versions of control groups are known; whether the limit bites on this machine is measured before it is relied on.
 */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { runCommand } from "../harness/run-command.js";

const VERSION_1_ROOT = "/sys/fs/cgroup/blkio";
const VERSION_2_ROOT = "/sys/fs/cgroup";
const PROBE_WRITES = 5;
const PROBE_WRITES_PER_SECOND = 20;
/** A probe that is faster than half of what was asked for was not slowed down. */
const PROBE_MS_MIN = (1_000 * PROBE_WRITES) / PROBE_WRITES_PER_SECOND / 2;

/** Writes and syncs a file as a member does with its log, and says how long that took. */
const PROBE = `
  const fs = require("node:fs");
  const file = fs.openSync(process.argv[1], "w");
  const begin = performance.now();
  for (let count = 0; count < ${PROBE_WRITES}; count += 1) {
    fs.writeSync(file, Buffer.alloc(4096), 0, 4096, count * 4096);
    fs.fdatasyncSync(file);
  }
  console.log(performance.now() - begin);
  fs.rmSync(process.argv[1]);
`;

export class SlowDisk {
  readonly #group: string;
  readonly #device: string;
  readonly #version: 1 | 2;
  readonly #removeAtExit = (): void => this.remove();

  private constructor(group: string, device: string, version: 1 | 2) {
    this.#group = group;
    this.#device = device;
    this.#version = version;
  }

  /**
   * @param folder on the disk in question.
   * @returns a text that says why the disk cannot be slowed down here, when that is so.
   */
  static async create(folder: string): Promise<SlowDisk | string> {
    if (process.platform !== "linux") return "slowing a disk down is only known on Linux";
    if (process.getuid?.() !== 0) return "slowing a disk down needs root";
    const device = findDisk(folder);
    if (device === undefined) return `${folder} is not on a disk`;
    const version = existsSync(join(VERSION_1_ROOT, "blkio.throttle.write_iops_device")) ? 1 : 2;
    const root = version === 1 ? VERSION_1_ROOT : VERSION_2_ROOT;
    const disk = new SlowDisk(join(root, `qfault${process.pid}`), device, version);
    try {
      if (version === 2) writeFileSync(join(root, "cgroup.subtree_control"), "+io");
      mkdirSync(disk.#group);
      process.once("exit", disk.#removeAtExit);
      disk.limit(PROBE_WRITES_PER_SECOND);
      const tookMs = await disk.#probe(join(folder, `qfault-probe-${process.pid}`));
      disk.limit(undefined);
      if (tookMs >= PROBE_MS_MIN) return disk;
      disk.remove();
      return `the limit of writes has no effect here: ${PROBE_WRITES} of them took ${tookMs.toFixed(0)} ms`;
    } catch (error) {
      disk.remove();
      return `control groups do not limit writes here: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  /** Puts a process under the limit, whichever it is at the time. */
  add(pid: number): void {
    writeFileSync(join(this.#group, "cgroup.procs"), String(pid));
  }

  /** Puts a process back to where all processes are. */
  release(pid: number): void {
    writeFileSync(join(dirname(this.#group), "cgroup.procs"), String(pid));
  }

  /** Writes per second of all processes added, together; undefined lifts the limit. */
  limit(writesPerSecond: number | undefined): void {
    if (this.#version === 1) {
      const file = join(this.#group, "blkio.throttle.write_iops_device");
      writeFileSync(file, `${this.#device} ${writesPerSecond ?? 0}`);
    } else {
      writeFileSync(join(this.#group, "io.max"), `${this.#device} wiops=${writesPerSecond ?? "max"}`);
    }
  }

  /** Moves what still runs back to where it came from. */
  remove(): void {
    process.off("exit", this.#removeAtExit);
    if (!existsSync(this.#group)) return;
    const pids = readFileSync(join(this.#group, "cgroup.procs"), "utf8").split("\n").filter(Boolean);
    for (const pid of pids) this.release(Number(pid));
    rmdirSync(this.#group);
  }

  /** @returns milliseconds. */
  async #probe(file: string): Promise<number> {
    const procs = join(this.#group, "cgroup.procs");
    const enterAndRun = 'echo $$ > "$1"; shift; exec "$@"';
    const result = await runCommand("sh", [
      "-c",
      enterAndRun,
      "sh",
      procs,
      process.execPath,
      "-e",
      PROBE,
      file,
    ]);
    if (result.exitCode !== 0) throw new Error(result.stderr.trim());
    return Number(result.stdout);
  }
}

/** @returns `major:minor` of the disk that holds the folder; of the whole disk where the folder is on a part of it. */
function findDisk(folder: string): string | undefined {
  const { dev } = statSync(folder);
  // As the C library takes a device number apart, for the sizes that occur.
  const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)];
  const entry = `/sys/dev/block/${major}:${minor}`;
  if (!existsSync(entry)) return undefined;
  const device = realpathSync(entry);
  const disk = existsSync(join(device, "partition")) ? resolve(device, "..") : device;
  return readFileSync(join(disk, "dev"), "utf8").trim();
}
