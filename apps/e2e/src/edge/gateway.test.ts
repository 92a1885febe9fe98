/** The JSON gateway beside etcd's: the same requests, equal answers. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Member } from "../harness/member.js";
import { findProgram, missesPrograms } from "../harness/programs.js";
import { runCommand } from "../harness/run-command.js";

const suite = "the JSON gateway beside etcd's";
const PREFIX = "/v3/";

interface Step {
  readonly path: string;
  readonly body: string;
  readonly method?: string;
  readonly headers?: readonly string[];
}

const step = (path: string, body: unknown, rest: Partial<Step> = {}): Step => ({
  path,
  body: typeof body === "string" ? body : JSON.stringify(body),
  ...rest,
});

/** In order: later ones build upon what earlier ones wrote. */
const STEPS: readonly Step[] = [
  step("kv/put", { key: "Zm9v", value: "YmFy" }),
  step("kv/put", { key: "Zm9v", value: "YmFy", prev_kv: true }),
  step("kv/put", { key: "Zm8=", value: "", lease: 0 }),
  step("kv/range", { key: "Zm9v" }),
  step("kv/range", { key: "AA==", range_end: "AA==", limit: 1, sort_order: "DESCEND", sort_target: "MOD" }),
  step("kv/range", { key: "AA==", rangeEnd: "AA==", countOnly: true }),
  step("kv/range", { key: "Zm9v", revision: "1000" }),
  step("kv/range", { key: "Zm9v", unknown: [1, { a: 2 }] }),
  step("kv/range", '{"key":"Zm9v"}{"key":"Zm8="}'),
  step("kv/range", ""),
  step("kv/range", "{"),
  step("kv/range", { key: "" }),
  step("kv/deleterange", { key: "Zm8=", prev_kv: true }),
  step("kv/deleterange", { key: "bm8=" }),
  step("kv/txn", {
    compare: [{ target: "VALUE", key: "Zm9v", value: "YmFy" }],
    success: [{ request_range: { key: "Zm9v" } }, { requestPut: { key: "eA==", value: "eQ==" } }],
  }),
  step("kv/txn", {
    compare: [{ target: 0, result: 1, key: "Zm9v", version: "99" }],
    failure: [{ request_delete_range: { key: "eA==" } }],
  }),
  step("kv/compaction", { revision: 10_000 }),
  step("kv/compaction", { revision: "3", physical: true }),
  step("kv/range", { key: "Zm9v", revision: 1 }),
  step("lease/grant", { TTL: "60", ID: "77" }),
  step("lease/grant", { TTL: 60, ID: 77 }),
  step("lease/keepalive", { ID: "77" }),
  step("lease/keepalive", { ID: "78" }),
  step("lease/leases", {}),
  step("kv/lease/leases", {}),
  step("lease/revoke", { ID: 77 }),
  step("lease/revoke", { ID: 77 }),
  step("maintenance/defragment", {}),
  step("maintenance/alarm", {}),
  step("maintenance/alarm", { action: "ACTIVATE" }),
  step("maintenance/transfer-leadership", { targetID: 123 }),
  step("maintenance/downgrade", { action: 0, version: "3.0" }),
  step("cluster/member/remove", { ID: "5" }),
  step("auth/status", {}),
  step("auth/enable", {}),
  step("auth/user/add", { name: "u", password: "p" }),
  step("auth/user/add", { name: "u", password: "p" }),
  step("auth/user/get", { name: "nobody" }),
  step("auth/role/add", { name: "r" }),
  step("auth/role/grant", { name: "r", perm: { permType: "READWRITE", key: "YQ==", range_end: "Yg==" } }),
  step("auth/role/get", { role: "r" }),
  step("auth/user/grant", { user: "u", role: "r" }),
  step("auth/user/list", {}),
  step("auth/authenticate", { name: "u", password: "p" }),
  step("kv/nothing", {}),
  step("nothing", {}),
  step("kv/range/", {}),
  step("kv/range", "", { method: "GET" }),
  step("kv/range", "{}", { method: "PUT" }),
  step("kv/range", { key: "Zm9v" }, { headers: ["Grpc-Timeout: 1x"] }),
  step("kv/range", "", { method: "OPTIONS" }),
];

/** What one server says, without what may differ from one to the other: identities, terms, the time. */
async function ask(member: Member, { path, body, method = "POST", headers = [] }: Step): Promise<string> {
  const url = `http://${member.endpoint}${PREFIX}${path}`;
  const args = ["-s", "-i", "-m", "10", "-X", method, ...headers.flatMap((header) => ["-H", header])];
  const { stdout } = await runCommand("curl", [...args, ...(body === "" ? [] : ["-d", body]), url]);
  const [head = "", ...rest] = stdout.replaceAll("\r", "").split("\n\n");
  const fields = head
    .split("\n")
    .filter((line) => !/^(date|content-length|connection|keep-alive|transfer-encoding|vary):/i.test(line));
  const [status = "", ...named] = fields;
  const lines = named.map((line) => line.toLowerCase()).sort();
  const answer = rest
    .join("\n\n")
    .replace(/"(cluster_id|member_id|raft_term|memberID)":"\d+"/g, '"$1":"-"')
    .replace(/,? ?"raft_term":"-"/g, "");
  return [status, ...lines, "", answer].join("\n");
}

/** Before 3.6 the gateway was another library's, with other headers and other words for errors. */
async function isComparable(): Promise<boolean> {
  const program = findProgram("etcd");
  if (program === undefined) return false;
  const { stdout } = await runCommand(program.command, ["--version"]);
  const [, major = "0", minor = "0"] = /etcd Version: (\d+)\.(\d+)/.exec(stdout) ?? [];
  return Number(major) > 3 || Number(minor) >= 6;
}

const isSkipped = missesPrograms(suite, ["quorate", "etcd"]) || !(await isComparable());
if (isSkipped) console.warn(`skipped: ${suite}: needs an etcd of 3.6 or later in ETCD_BIN`);

describe.skipIf(isSkipped)(suite, () => {
  let ours: Member;
  let theirs: Member;

  beforeAll(async () => {
    ours = await Member.start({ kind: "quorate" });
    theirs = await Member.start({ kind: "etcd" });
  }, 120_000);

  afterAll(async () => {
    await ours.dispose();
    await theirs.dispose();
  });

  it("answers alike, headers and bodies, call by call", async () => {
    for (const each of STEPS) {
      const expected = await ask(theirs, each);
      expect(expected).toMatch(/^HTTP\/1\.1 \d{3} /);
      expect(await ask(ours, each), `${each.method ?? "POST"} ${each.path} ${each.body}`).toBe(expected);
    }
  }, 120_000);
});
