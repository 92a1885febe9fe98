/** What a process says to those who start it, and to curl. Numbers are those of operations-situations.md. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { lacksRules } from "../auth/rules.js";
import { findProgram, subjectKind } from "../harness/programs.js";
import { runCommand } from "../harness/run-command.js";
import { useMember } from "../harness/use-member.js";

const suite = "a member and its operator";
const LISTENING = "--listen-client-urls=http://127.0.0.1:1";
const COMMAND_MS_MAX = 20_000;

interface Refusal {
  readonly title: string;
  readonly flags: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly says: string;
}

const REFUSALS: readonly Refusal[] = [
  {
    title: "rule 16: a setting by flag and by variable, though equal",
    flags: ["--name=a"],
    env: { ETCD_NAME: "a" },
    says: "ETCD_NAME",
  },
  {
    title: "rule 17: an address for clients that nobody is told",
    flags: [LISTENING],
    says: "--advertise-client-urls is required when --listen-client-urls is set explicitly",
  },
];

describe.skipIf(lacksRules(suite))(suite, () => {
  const member = useMember({ kind: subjectKind, flags: ["--log-level=debug"] });

  it.each(REFUSALS)("$title ends the start with 1", async ({ title, flags, env = {}, says }) => {
    const program = findProgram(subjectKind);
    if (program === undefined) throw new Error(`${subjectKind} is not on this machine`);
    const folder = `--data-dir=${member().dataFolder}-${title.replaceAll(/\W/g, "-")}`;
    const { exitCode, stdout, stderr } = await runCommand(
      program.command,
      [...program.leadingArguments, folder, ...flags],
      { env: { ...process.env, ...env }, timeoutMs: COMMAND_MS_MAX },
    );
    expect(stdout + stderr).toContain(says);
    expect(exitCode).toBe(1);
  });

  it("rule 23: each line of the log is an object that says how grave, when, where and what", () => {
    const lines = readFileSync(member().logFile, "utf8").trim().split("\n");
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) {
      const entry = JSON.parse(line) as Record<string, unknown>;
      expect(Object.keys(entry), line).toEqual(expect.arrayContaining(["level", "ts", "caller", "msg"]));
    }
  });

  const post = async (path: string, body: unknown): Promise<string> => {
    const url = `http://${member().endpoint}/v3/${path}`;
    const args = ["-s", "-m", "10", "-w", " %{http_code}", "-d", JSON.stringify(body), url];
    return (await runCommand("curl", args, { timeoutMs: COMMAND_MS_MAX })).stdout;
  };

  it("rules 2 and 3: curl raises no alarm without saying which, and defragments with an empty answer", async () => {
    expect(await post("maintenance/alarm", { action: "ACTIVATE" })).toMatch(/^\{"header":\{.*\}\} 200$/);
    const alarms = await post("maintenance/alarm", { action: "GET" });
    expect(alarms).toMatch(/ 200$/);
    expect(alarms).not.toContain("alarms");
    expect(await post("maintenance/defragment", {})).toBe("{} 200");
  });

  it("signals that are no orders change nothing, and nobody can attach a debugger by them", async () => {
    for (const signal of ["SIGUSR1", "SIGUSR2"] as const) member().signal(signal);
    expect(await post("kv/range", { key: "Zm9v" })).toMatch(/ 200$/);
    expect(member().isRunning).toBe(true);
    expect(readFileSync(member().logFile, "utf8")).not.toContain("Debugger listening");
  });

  it("rule 5: a downgrade that is asked for by curl to a version too far away is refused", async () => {
    const ask = (): Promise<string> => post("maintenance/downgrade", { action: 0, version: "3.0" });
    // Until the cluster has a version, there is nothing to go down from.
    await expect.poll(ask).toMatch(/"message":"etcdserver: invalid downgrade target version".* 400$/);
  });

  it("rule 11: curl is given numbers of 64 bits as strings and bytes as base64", async () => {
    expect(await post("kv/put", { key: "Zm9v", value: "YmFy" })).toMatch(/"revision":"\d+".* 200$/);
    expect(await post("kv/range", { key: "Zm9v" })).toMatch(
      /"key":"Zm9v","create_revision":"(\d+)","mod_revision":"\1","version":"1","value":"YmFy"\}\],"count":"1"\} 200$/,
    );
  });

  it("rule 8: curl without a token is told that it has no name, by 400 and not by 401", async () => {
    await post("auth/user/add", { name: "root", password: "p" });
    await post("auth/role/add", { name: "root" });
    await post("auth/user/grant", { user: "root", role: "root" });
    expect(await post("auth/enable", {})).toMatch(/ 200$/);
    expect(await post("kv/put", { key: "YQ==", value: "YQ==" })).toMatch(
      /"message":"etcdserver: user name is empty".* 400$/,
    );
  });
});
