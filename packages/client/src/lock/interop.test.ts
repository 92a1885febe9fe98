/** The same queues as etcd's command line, and holders that are killed. */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasProgram } from "../testing/etcd-server.js";
import { describeOnBoth, type BenchClient, type Target } from "../testing/bench.js";
import { AcquireTimeoutError } from "./lock-errors.js";

const ETCDCTL = process.env["ETCDCTL_BIN"] ?? "/usr/bin/etcdctl";

class Command {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  #wake: (() => void) | undefined;

  constructor(endpoint: string, ...args: string[]) {
    this.#child = spawn(ETCDCTL, [`--endpoints=${endpoint}`, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, ETCDCTL_API: "3" },
    });
    if (this.#child.stdout === null) throw new Error("no output");
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      this.lines.push(line);
      this.#wake?.();
    });
  }

  async line(number: number): Promise<string> {
    while (this.lines.length < number) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.lines[number - 1] ?? "";
  }

  async end(signal: "SIGINT" | "SIGKILL"): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill(signal);
    await ended;
  }
}

describe.skipIf(!hasProgram(ETCDCTL))("with etcdctl", () => {
  describeOnBoth((start, openClient) => {
    let target: Target;
    let client: BenchClient;
    const commands: Command[] = [];

    const run = (...args: string[]): Command => {
      const command = new Command(target.endpoint, ...args);
      commands.push(command);
      return command;
    };

    beforeAll(async () => {
      target = await start();
      client = openClient(target.endpoint);
    });

    afterAll(async () => {
      await Promise.all(commands.map((command) => command.end("SIGKILL")));
      client.close();
      await target.stop();
    });

    test("its lock excludes ours, and ours its", async () => {
      const theirs = run("lock", "shared");
      const key = await theirs.line(1);
      expect(key).toMatch(/^shared\/[0-9a-f]+$/);
      expect(await client.tryLock("shared")).toBeUndefined();
      const ours = client.lock("shared");
      await theirs.end("SIGINT");
      const lock = await ours;
      const next = run("lock", "shared");
      await using session = await client.session();
      await expect(session.lock("shared", { timeoutMs: 300 })).rejects.toThrow(AcquireTimeoutError);
      expect(next.lines).toEqual([]);
      await lock.unlock();
      expect(await next.line(1)).toMatch(/^shared\//);
    });

    test("a lock whose holder was killed is ours after its time", async () => {
      const theirs = run("lock", "--ttl=2", "killed");
      await theirs.line(1);
      await theirs.end("SIGKILL");
      await using lock = await client.lock("killed", { timeoutMs: 20_000 });
      expect(lock.lost.aborted).toBe(false);
    });

    test("its candidates and ours follow each other, and both observe both", async () => {
      const election = client.election("throne");
      const listening = run("elect", "--listen", "throne");
      const theirs = run("elect", "throne", "theirs");
      await theirs.line(2);
      expect(await election.leader()).toMatchObject({ value: "theirs" });
      const seen: string[] = [];
      const stop = new AbortController();
      const observing = (async () => {
        for await (const { value } of election.observe({ signal: stop.signal })) seen.push(value);
      })();
      observing.catch(() => undefined);
      const bothSaw = async (value: string): Promise<void> => {
        while (!seen.includes(value) || !listening.lines.includes(value)) {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      };
      await bothSaw("theirs");
      const ours = election.campaign("ours");
      await theirs.end("SIGINT");
      await using leadership = await ours;
      await bothSaw("ours");
      await leadership.proclaim("ours, again");
      await bothSaw("ours, again");
      expect(seen).toEqual(["theirs", "ours", "ours, again"]);
      stop.abort(new Error("enough"));
      await expect(observing).rejects.toThrow("enough");
    });
  });
});
