/** Findings of etcd's security audits that show in a running process; `docs/internals/security.md` names the tests of all of them. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { expectAlive } from "../harness/expect-alive.js";
import { findProgram, missesPrograms } from "../harness/programs.js";
import { openCall, openSession, readStatus } from "../harness/raw-connection.js";
import { runCommand } from "../harness/run-command.js";
import { useMember } from "../harness/use-member.js";

const suite = "the checklist";
const PASSWORD = "correct horse battery staple";
const UNIMPLEMENTED = "12";

/** Contents of all files below a folder. */
function* contents(folder: string): Generator<{ readonly path: string; readonly bytes: Buffer }> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* contents(path);
    else if (entry.isFile()) yield { path, bytes: readFileSync(path) };
  }
}

describe.skipIf(missesPrograms(suite, ["quorate"]))(suite, () => {
  const member = useMember({ kind: "quorate", flags: ["--log-level=debug"] });

  it("a member without TLS says what that means", () => {
    expect(readFileSync(member().logFile, "utf8")).toContain("this is strongly discouraged!");
  });

  it("passwords are nowhere: not in the log of entries, the database, or what is logged", async () => {
    const post = async (path: string, body: unknown): Promise<number> => {
      const options = { method: "POST", body: JSON.stringify(body) };
      return (await fetch(`http://${member().endpoint}/v3/auth/${path}`, options)).status;
    };
    expect(await post("user/add", { name: "root", password: PASSWORD })).toBe(200);
    expect(await post("user/changepw", { name: "root", password: `${PASSWORD} 2` })).toBe(200);
    await post("role/add", { name: "root" });
    await post("user/grant", { user: "root", role: "root" });
    expect(await post("enable", {})).toBe(200);
    expect(await post("authenticate", { name: "root", password: `${PASSWORD} 2` })).toBe(200);
    expect(await post("authenticate", { name: "root", password: PASSWORD })).toBe(400);
    const places = [...contents(member().dataFolder)].filter(({ bytes }) => bytes.includes(PASSWORD));
    expect(places.map(({ path }) => path)).toEqual([]);
    expect(readFileSync(member().logFile, "utf8")).not.toContain(PASSWORD);
  });

  it("files of data are their owner's alone", () => {
    const open = [...contents(member().dataFolder)].filter(({ path }) => (statSync(path).mode & 0o077) !== 0);
    // RocksDB makes its files readable, in folders that only their owner can enter.
    const folders = new Set(open.map(({ path }) => join(path, "..")));
    for (const folder of [member().dataFolder, join(member().dataFolder, "member")])
      expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const folder of folders) expect(folder.startsWith(join(member().dataFolder, "member"))).toBe(true);
  });

  it("a path without its slash reaches no method", async () => {
    const session = openSession(member().endpoint);
    for (const path of ["etcdserverpb.KV/Put", "//etcdserverpb.KV/Put", "/etcdserverpb.KV//Put", "*"]) {
      const stream = openCall(session, path);
      stream.end();
      // Refused as malformed, or answered as what nobody has; never served.
      expect([undefined, UNIMPLEMENTED]).toContain(await readStatus(stream));
    }
    session.destroy();
    expect(member().isRunning).toBe(true);
  });
});

describe.skipIf(missesPrograms(suite, ["quorate"]))("values that would run wild", () => {
  const member = useMember({ kind: "quorate" });

  it.each([
    ["--auto-compaction-retention=-1", "--auto-compaction-mode=periodic"],
    ["--auto-compaction-retention=-1", "--auto-compaction-mode=revision"],
    ["--auto-compaction-retention=-5m", "--auto-compaction-mode=periodic"],
  ])("%s %s is refused at the start", async (...flags) => {
    const program = findProgram("quorate");
    if (program === undefined) throw new Error("the server is not built");
    const args = [...program.leadingArguments, `--data-dir=${member().dataFolder}-unused`, ...flags];
    expect((await runCommand(program.command, args, { timeoutMs: 20_000 })).exitCode).toBe(1);
    await expectAlive(member());
  });
});
