/** Three members that know of one another only through a registry in another cluster. */
import { createClient } from "@quorate/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findFreePort } from "../harness/free-port.js";
import { Member } from "../harness/member.js";
import { runCommand } from "../harness/run-command.js";
import { findProgram } from "../harness/programs.js";

const TOKEN = "6c007a14875d53d9bf0ef5a6fc0257c817f0fb83";
let registry: Member;
const members: Member[] = [];

beforeAll(async () => {
  registry = await Member.start({ kind: "quorate", name: "registry" });
});
afterAll(async () => {
  await Promise.all([registry, ...members].map((member) => member.dispose()));
});

function registryFlags(): string[] {
  return [`--discovery-token=${TOKEN}`, `--discovery-endpoints=${registry.endpoint}`];
}

test("form a cluster of the size that the registry says, and a fourth is refused", async () => {
  await using admin = createClient({ endpoints: registry.endpoint });
  await admin.put(`/_etcd/registry/${TOKEN}/_config/size`, "3");
  members.push(
    ...(await Promise.all(
      ["a", "b", "c"].map((name) =>
        Member.start({ kind: "quorate", name, flags: ["--initial-cluster=", ...registryFlags()] }),
      ),
    )),
  );
  await using client = createClient({ endpoints: members[0]?.endpoint ?? "" });
  expect((await client.cluster.members()).map(({ name }) => name).sort()).toEqual(["a", "b", "c"]);

  const program = findProgram("quorate");
  if (program === undefined) throw new Error("the server is not built");
  const urls = [`http://127.0.0.1:${await findFreePort()}`, `http://127.0.0.1:${await findFreePort()}`];
  const fourth = await runCommand(program.command, [
    ...program.leadingArguments,
    "--name=d",
    `--data-dir=${registry.dataFolder}-fourth`,
    `--listen-client-urls=${urls[0] ?? ""}`,
    `--advertise-client-urls=${urls[0] ?? ""}`,
    `--listen-peer-urls=${urls[1] ?? ""}`,
    `--initial-advertise-peer-urls=${urls[1] ?? ""}`,
    ...registryFlags(),
  ]);
  expect(fourth.exitCode).toBe(1);
  expect(fourth.stderr).toContain("discovery: cluster is full");
  expect(fourth.stderr).toContain("do not reuse discovery token");
});

test("need the registry only once", async () => {
  await registry.stop();
  for (const member of members) await member.stop();
  for (const member of members) member.spawn();
  await Promise.all(members.map((member) => member.waitUntilReady()));
  await using client = createClient({ endpoints: members[2]?.endpoint ?? "" });
  expect(await client.cluster.members()).toHaveLength(3);
});
