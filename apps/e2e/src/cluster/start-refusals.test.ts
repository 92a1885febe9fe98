import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findFreePort } from "../harness/free-port.js";
import { Member } from "../harness/member.js";
import { findProgram, missesPrograms, subjectKind } from "../harness/programs.js";
import type { ServerKind } from "../harness/programs.js";
import { runCommand } from "../harness/run-command.js";

const suite = "members that are told to start wrongly";
const kinds: readonly ServerKind[] = [...new Set<ServerKind>([subjectKind, "etcd"])];
/** Above what a member waits for others at its start. */
const END_MS_MAX = 40_000;

interface Place {
  readonly kind: ServerKind;
  readonly own: string;
  /** Peer URL of a member that runs as a cluster of its own. */
  readonly running: string;
  readonly runningName: string;
  readonly nowhere: string;
}

interface Refusal {
  readonly title: string;
  readonly flags: (place: Place) => readonly string[];
  readonly says: RegExp;
}

const REFUSALS: readonly Refusal[] = [
  {
    title: "whose name is not in the list of members",
    flags: ({ own }) => [`--initial-cluster=other=${own}`],
    says: /couldn't find local name \\"m1\\" in the initial cluster configuration/,
  },
  {
    title: "with one URL for two members",
    flags: ({ own }) => [`--initial-cluster=m1=${own},m2=${own}`],
    says: /has duplicate url/,
  },
  {
    title: "that advertise another URL than the list has",
    flags: ({ nowhere }) => [`--initial-cluster=m1=${nowhere}`],
    says: /--initial-cluster has .* but missing from --initial-advertise-peer-urls|--initial-advertise-peer-urls has .* but missing from --initial-cluster/,
  },
  {
    title: "with a URL without a port",
    flags: () => ["--initial-cluster=m1=http://127.0.0.1", "--initial-advertise-peer-urls=http://127.0.0.1"],
    says: /URL address does not have the form \\?"host:port\\?"|missing port in address|must (?:be|have).*host:port/,
  },
  {
    title: "that join a cluster of which nobody answers",
    flags: ({ own, nowhere }) => [
      `--initial-cluster=m1=${own},m2=${nowhere}`,
      "--initial-cluster-state=existing",
    ],
    says: /cannot fetch cluster info from peer urls: could not retrieve cluster information from the given URLs/,
  },
  {
    title: "that join a cluster which was not told",
    flags: ({ own, running, runningName }) => [
      `--initial-cluster=m1=${own},${runningName}=${running}`,
      "--initial-cluster-state=existing",
    ],
    says: /member count is unequal/,
  },
];

describe.skipIf(missesPrograms(suite, kinds)).each(kinds)(`${suite}: %s`, (kind) => {
  let neighbour: Member;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "e2e-refusals-"));
    neighbour = await Member.start({ kind, name: "neighbour" });
  });
  afterAll(async () => {
    await neighbour.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(REFUSALS)("$title", async ({ flags, says, title }) => {
    const own = `http://127.0.0.1:${await findFreePort()}`;
    const place: Place = {
      kind,
      own,
      running: `http://127.0.0.1:${neighbour.peerPort}`,
      runningName: "neighbour",
      nowhere: `http://127.0.0.1:${await findFreePort()}`,
    };
    const result = await startWrongly(kind, join(folder, title), own, flags(place));
    expect(result.stderr + result.stdout).toMatch(says);
    // What is wrong with the flags' form ends some releases with 2, all else ends them with 1.
    expect([1, 2]).toContain(result.exitCode);
  });

  it("whose peer port is another program's", async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
    try {
      const own = `http://127.0.0.1:${(blocker.address() as AddressInfo).port}`;
      const result = await startWrongly(kind, join(folder, "taken"), own, [`--initial-cluster=m1=${own}`]);
      expect(result.stderr + result.stdout).toMatch(/address already in use/);
      expect(result.exitCode).toBe(1);
    } finally {
      blocker.close();
    }
  });
});

async function startWrongly(
  kind: ServerKind,
  dataFolder: string,
  peerUrl: string,
  flags: readonly string[],
): ReturnType<typeof runCommand> {
  const program = findProgram(kind);
  if (program === undefined) throw new Error(`${kind} is not on this machine`);
  const clientUrl = `http://127.0.0.1:${await findFreePort()}`;
  const given = (name: string): boolean => flags.some((flag) => flag.startsWith(`--${name}=`));
  const args = [
    ...program.leadingArguments,
    "--name=m1",
    `--data-dir=${dataFolder}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    ...(given("initial-advertise-peer-urls") ? [] : [`--initial-advertise-peer-urls=${peerUrl}`]),
    "--logger=zap",
    ...flags,
  ];
  return runCommand(program.command, args, { timeoutMs: END_MS_MAX });
}
