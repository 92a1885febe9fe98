import { spawn } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openDataDir } from "./data-dir.js";
import { DirectoryLock, lockName, readIdentity } from "./directory-lock.js";
import type { ProcessIdentity } from "./directory-lock.js";
import { findHolder } from "./snapshot/file-holder.js";

const root = mkdtempSync(join(tmpdir(), "quorate-data-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const newPath = (): string => join(root, `d${folders++}`, "nested");

describe("data directory", () => {
  test("is created with its folders, for the owner alone", async () => {
    const path = newPath();
    const dir = await openDataDir(path);
    for (const folder of [path, dir.memberPath, dir.snapPath, dir.enginePath]) {
      expect(statSync(folder).mode & 0o777).toBe(0o700);
    }
    expect(dir.warnings).toEqual([]);
    expect(readdirSync(dir.memberPath).filter((name) => name.startsWith("lock.")).length).toBe(1);
    await dir.close();
    expect(readdirSync(dir.memberPath).sort()).toEqual(["quorate", "snap"]);
  });

  test("can be opened again after close, not before", async () => {
    const path = newPath();
    const dir = await openDataDir(path);
    await expect(openDataDir(path)).rejects.toMatchObject({ code: "locked" });
    await dir.close();
    await (await openDataDir(path)).close();
  });

  test("warns about permissions that let others in", async () => {
    const path = newPath();
    mkdirSync(path, { recursive: true, mode: 0o755 });
    const dir = await openDataDir(path);
    expect(dir.warnings.join()).toMatch(/permissions 7[0-7]5/);
    await dir.close();
  });

  test("warns about what does not belong there, and more so about another member's data", async () => {
    const path = newPath();
    mkdirSync(join(path, "default/member"), { recursive: true, mode: 0o700 });
    mkdirSync(join(path, "fixtures"));
    writeFileSync(join(path, "notes"), "");
    const dir = await openDataDir(path);
    expect(dir.warnings.slice(-2)).toEqual([
      `found invalid file under data directory ${path}: default: ${path}/default is the data directory of a member`,
      `found invalid file under data directory ${path}: notes`,
    ]);
    await dir.close();
    const again = await openDataDir(path);
    expect(again.warnings.join()).not.toContain("directory: member");
    await again.close();
  });

  test("finds the database of etcd, changing nothing until it is taken over", async () => {
    const path = newPath();
    mkdirSync(join(path, "member/snap"), { recursive: true });
    mkdirSync(join(path, "member/wal"), { recursive: true });
    writeFileSync(join(path, "member/snap/db"), "");
    const dir = await openDataDir(path);
    expect(dir.foreignDatabase).toBe(join(path, "member/snap/db"));
    await dir.close();
    expect(readdirSync(join(path, "member")).sort()).toEqual(["snap", "wal"]);
  });

  test("goes on with the last step of a takeover", async () => {
    const path = newPath();
    mkdirSync(join(path, "member/snap"), { recursive: true });
    writeFileSync(join(path, "member/snap/db"), "");
    const before = await openDataDir(path);
    await before.activateDatabase(await before.prepareDatabase());
    await before.close();
    const dir = await openDataDir(path);
    expect(dir.foreignDatabase).toBeUndefined();
    expect(readdirSync(dir.snapPath)).toEqual(["db.imported"]);
    expect(dir.warnings.join()).toMatch(/taken over/);
    await dir.close();
  });

  test.runIf(process.platform === "linux")("refuses the data of an etcd that runs", async () => {
    const path = newPath();
    mkdirSync(join(path, "member/snap"), { recursive: true });
    const database = join(path, "member/snap/db");
    writeFileSync(database, "");
    const child = spawn("flock", [database, "sleep", "60"], { stdio: "ignore" });
    try {
      while ((await findHolder(database)) === undefined) await new Promise((done) => setTimeout(done, 10));
      await expect(openDataDir(path)).rejects.toMatchObject({
        code: "locked",
        message: expect.stringContaining("an etcd server it seems"),
      });
    } finally {
      child.kill();
    }
  });

  test("keeps databases of the leader until their state is applied", async () => {
    const dir = await openDataDir(newPath());
    for (const index of [10, 300]) writeFileSync(dir.receivedPath(index), "");
    expect(await dir.receivedDatabase(300)).toBe(`${dir.snapPath}/000000000000012c.snap.db`);
    await dir.purgeReceived(10);
    expect(await dir.receivedDatabase(10)).toBeUndefined();
    expect(await dir.receivedDatabase(300)).toBeDefined();
    await dir.close();
  });

  test("another database takes the place of the first, which goes", async () => {
    const path = newPath();
    const dir = await openDataDir(path);
    const next = await dir.prepareDatabase();
    await dir.activateDatabase(next);
    expect(dir.enginePath).toBe(next);
    await dir.removeInactiveDatabases();
    await dir.close();
    const again = await openDataDir(path);
    expect(again.enginePath).toBe(next);
    expect(readdirSync(again.memberPath).filter((name) => name.startsWith("quorate"))).toEqual(["quorate.1"]);
    await again.close();
  });

  test("refuses a log without a database", async () => {
    const path = newPath();
    mkdirSync(join(path, "member/wal"), { recursive: true });
    writeFileSync(join(path, "member/wal/0000000000000000-0000000000000000.wal"), "");
    await expect(openDataDir(path)).rejects.toMatchObject({ code: "foreign" });
  });

  test("removes what unfinished snapshots left behind", async () => {
    const path = newPath();
    await (await openDataDir(path)).close();
    writeFileSync(join(path, "member/snap/tmp123"), "half");
    writeFileSync(join(path, "member/snap/0000000000000001-0000000000000002.snap"), "whole");
    const dir = await openDataDir(path);
    expect(readdirSync(dir.snapPath)).toEqual(["0000000000000001-0000000000000002.snap"]);
    await dir.close();
  });

  test("refuses a path below a file", async () => {
    await expect(openDataDir("/dev/null/data")).rejects.toMatchObject({ code: "io" });
  });
});

describe("directory lock", () => {
  function newFolder(): string {
    const path = newPath();
    mkdirSync(path, { recursive: true });
    return path;
  }

  test("is held by a living process and passes on when it is killed", async () => {
    const dir = newFolder();
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    const exited = new Promise((resolve) => child.on("exit", resolve));
    await new Promise((resolve) => child.on("spawn", resolve));
    const holder = (await readIdentity(child.pid as number)) as ProcessIdentity;
    writeFileSync(join(dir, lockName(holder)), "");
    await expect(DirectoryLock.take(dir)).rejects.toMatchObject({
      code: "locked",
      message: expect.stringContaining(`process ${child.pid as number}`),
    });
    expect(readdirSync(dir)).toEqual([lockName(holder)]);
    child.kill("SIGKILL");
    await exited;
    const lock = await DirectoryLock.take(dir);
    expect(readdirSync(dir).includes(lockName(holder))).toBe(false);
    await lock.release();
    expect(readdirSync(dir)).toEqual([]);
  });

  test.runIf(process.platform === "linux")(
    "passes on from a dead process that nobody has reaped",
    async () => {
      const dir = newFolder();
      // The shell becomes a program that does not ask after its child.
      const parent = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      const pid = Number(await new Promise((resolve) => parent.stdout.once("data", resolve)));
      const holder = (await readIdentity(pid)) as ProcessIdentity;
      writeFileSync(join(dir, lockName(holder)), "");
      await expect(DirectoryLock.take(dir)).rejects.toMatchObject({ code: "locked" });
      await expect
        .poll(() => readlinkSync(`/proc/${parent.pid as number}/exe`))
        .toMatch(/sleep|coreutils|busybox/);
      process.kill(pid, "SIGKILL");
      await expect.poll(() => readFileSync(`/proc/${pid}/stat`, "latin1")).toContain(") Z ");
      const lock = await DirectoryLock.take(dir);
      expect(readdirSync(dir)).toHaveLength(1);
      await lock.release();
      parent.kill("SIGKILL");
    },
  );

  test.runIf(process.platform === "linux")("is not fooled by a pid that is in use again", async () => {
    const dir = newFolder();
    const parent = (await readIdentity(process.ppid)) as ProcessIdentity;
    writeFileSync(join(dir, lockName({ ...parent, started: "1" })), "");
    writeFileSync(join(dir, lockName({ ...parent, boot: "an-earlier-one" })), "");
    writeFileSync(join(dir, lockName({ ...parent, pidSpace: "17" })), "");
    const lock = await DirectoryLock.take(dir);
    expect(readdirSync(dir).length).toBe(1);
    await lock.release();
  });

  test("passes over files that are no locks", async () => {
    const dir = newFolder();
    writeFileSync(join(dir, "lock.txt"), "");
    writeFileSync(join(dir, "notes"), "");
    const lock = await DirectoryLock.take(dir);
    await lock.release();
    expect(readdirSync(dir).sort()).toEqual(["lock.txt", "notes"]);
  });
});
