import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { formatPasswordHash, createPasswordHash, verifyPassword } from "../login/password.js";
import { parseClusterFlag } from "./cluster-flag.js";
import { ConfigError } from "./config-error.js";
import type { ConsoleOptions } from "./console-options.js";
import { HELP_TEXT, PASSWORD_VARIABLE } from "./help.js";
import { isLoopback, parseListenAddress } from "./listen-address.js";
import { parseFlags } from "./parse-flags.js";

const folder = mkdtempSync(join(tmpdir(), "console-flags-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}
async function parse(args: string[], env: Record<string, string> = {}): Promise<ConsoleOptions> {
  const parsed = await parseFlags(args, { env, uiFolder: "screens" });
  if (parsed.kind !== "run") throw new Error(parsed.kind);
  return parsed.options;
}
const complaint = (args: string[], env: Record<string, string> = {}): Promise<string> =>
  parse(args, env).then(
    () => "none",
    (error: unknown) =>
      error instanceof ConfigError ? error.message : `not a ConfigError: ${String(error)}`,
  );

describe("flags", () => {
  it("without any, serve the local member on loopback", async () => {
    expect(await parse([])).toEqual({
      listen: { host: "127.0.0.1", port: 2381 },
      fallsBackToFreePort: false,
      allowedHosts: [],
      isReadOnly: false,
      clusters: [{ id: "default", name: "default", endpoints: ["http://127.0.0.1:2379"] }],
      uiFolder: "screens",
      endsWithStdin: false,
    });
  });

  it("are all in the help text, and the help has no other", async () => {
    const named = [...HELP_TEXT.matchAll(/--([a-z-]+)/g)].map(([, name]) => name ?? "");
    for (const name of new Set(named)) {
      // Each is known: what fails then is its value, or nothing.
      expect(await complaint([`--${name}=${join(folder, "absent")}`])).not.toContain("Unknown option");
    }
    expect(await complaint(["--unheard-of"])).toContain("Unknown option '--unheard-of'");
    expect(await complaint(["surplus"])).toContain("surplus");
  });

  it("describe one cluster with its certificate and user", async () => {
    const args = [
      "--endpoints=a:1, b:2",
      `--cacert=${file("ca", "CA")}`,
      `--cert=${file("cert", "CERT")}`,
      `--key=${file("key", "KEY")}`,
      "--user=ops",
      `--password-file=${file("pw", "secret\n")}`,
    ];
    expect((await parse(args)).clusters).toEqual([
      {
        id: "default",
        name: "default",
        endpoints: ["https://a:1", "https://b:2"],
        tls: { ca: Buffer.from("CA"), cert: Buffer.from("CERT"), key: Buffer.from("KEY") },
        credentials: { user: "ops", password: "secret" },
      },
    ]);
  });

  it("describe several clusters, told apart by ids fit for headers", async () => {
    const { clusters } = await parse([
      "--cluster=name=Prod West,endpoints=a:1,b:2",
      "--cluster=endpoints=c:1,name=Prod-West",
      "--cluster=endpoints=d:1",
    ]);
    expect(clusters.map(({ id, name, endpoints }) => [id, name, endpoints.length])).toEqual([
      ["prod-west", "Prod West", 2],
      ["prod-west-2", "Prod-West", 1],
      ["cluster-3", "cluster 3", 1],
    ]);
  });

  it.each([
    [["--cluster=endpoints=a:1", "--endpoints=b:1"], "for a single one"],
    [["--cluster=name=x"], 'cluster "x" has no endpoints'],
    [["--cluster=nome=x"], "none of name="],
    [["--cluster=name=x,name=y,endpoints=a"], "given twice"],
    [["--user=ops"], "only of use together"],
    [["--cert=x"], "only of use together"],
    [["--tls-cert=x"], "only of use together"],
    [["--cacert=/nowhere/ca"], "/nowhere/ca can not be read"],
    [["--listen=127.0.0.1"], "is not HOST:PORT"],
    [["--endpoints=ftp://a"], "is no endpoint"],
    [["--login-user=me"], "needs a password"],
    [["--config-file=/nowhere"], "can not be read"],
  ])("%j are refused: %s", async (args, message) => {
    expect(await complaint(args)).toContain(message);
  });
});

describe("a console that other machines reach", () => {
  it("is refused without a login", async () => {
    for (const listen of ["0.0.0.0:1", ":1", "[::]:1", "10.0.0.1:1", "console.example:1"]) {
      expect(await complaint([`--listen=${listen}`])).toContain("a login is required");
    }
  });

  it("is let with a password from the environment, from a file, or as a hash", async () => {
    const hash = formatPasswordHash(await createPasswordHash("pw"));
    const ways: [string[], Record<string, string>][] = [
      [[], { [PASSWORD_VARIABLE]: "pw" }],
      [[`--login-password-file=${file("plain", "pw\n")}`], {}],
      [[`--login-password-file=${file("hashed", `${hash}\n`)}`, "--login-user=me"], {}],
    ];
    for (const [args, env] of ways) {
      const { login } = await parse(["--listen=:1", ...args], env);
      if (login === undefined) throw new Error("no login");
      expect(await verifyPassword("pw", login.password)).toBe(true);
      expect(login.user).toBe(args.length > 1 ? "me" : "admin");
    }
    expect(await complaint(["--listen=:1"], { [PASSWORD_VARIABLE]: "" })).toContain("is empty");
  });

  it("is told by its address", () => {
    expect(["127.0.0.1", "127.9.9.9", "localhost", "::1"].map(isLoopback)).not.toContain(false);
    expect(["0.0.0.0", "::", "10.0.0.1", "127.example", "128.0.0.1"].map(isLoopback)).not.toContain(true);
    expect(parseListenAddress("[::1]:5")).toEqual({ host: "::1", port: 5 });
    expect(() => parseListenAddress("a:70000")).toThrow(ConfigError);
  });
});

describe("the config file", () => {
  it("says what flags say, and flags win", async () => {
    const path = file(
      "config.json",
      JSON.stringify({
        listen: "127.0.0.1:7",
        readOnly: true,
        allowedHosts: ["Console.Example"],
        clusters: [{ name: "one", endpoints: ["a:1"] }],
      }),
    );
    expect(await parse([`--config-file=${path}`])).toMatchObject({
      listen: { port: 7 },
      isReadOnly: true,
      allowedHosts: ["console.example"],
      clusters: [{ name: "one" }],
    });
    const won = await parse([`--config-file=${path}`, "--listen=127.0.0.1:8", "--endpoints=b:1"]);
    expect(won).toMatchObject({ listen: { port: 8 }, clusters: [{ endpoints: ["http://b:1"] }] });
  });

  it.each([
    ["{", "is no JSON"],
    ["[]", "an object is expected"],
    ['{"readonly": true}', '"readonly" is not known'],
    ['{"readOnly": "yes"}', "must be a boolean"],
    ['{"allowedHosts": "a"}', "must be a list of strings"],
    ['{"clusters": [{"endpoint": "a"}]}', 'clusters[0]: "endpoint" is not known'],
    ['{"clusters": [{"endpoints": "a"}]}', "must be a list of strings"],
  ])("%s is refused: %s", async (content, message) => {
    expect(await complaint([`--config-file=${file("bad.json", content)}`])).toContain(message);
  });
});

describe("the flag of a cluster", () => {
  it("takes lists of endpoints without another separator", () => {
    expect(parseClusterFlag("endpoints=a:1,b:2,name=x,cacert=/c,d")).toEqual({
      name: "x",
      endpoints: ["a:1", "b:2"],
      cacert: "/c,d",
    });
  });
});
