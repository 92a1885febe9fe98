/** What the ports of a member take, however oddly they are asked. Numbers are those of operations-situations-b.md. */
import { GrpcStatus, etcdserverpb } from "@quorate/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectAlive } from "../harness/expect-alive.js";
import { findProgram, missesPrograms, subjectKind } from "../harness/programs.js";
import { openCall, openSession, readStatus, frameMessage } from "../harness/raw-connection.js";
import { runCommand } from "../harness/run-command.js";
import { useMember } from "../harness/use-member.js";
import { WireClient } from "../harness/wire-client.js";
import { lacksRules } from "../auth/rules.js";

const RANGE = "/etcdserverpb.KV/Range";
/** A RangeRequest of the key `a`. */
const REQUEST: Buffer = frameMessage(Buffer.from([0x0a, 1, 0x61]));
/** Below it etcdctl divides by zero. */
const PAGE_BYTES = 4096;

const suite = "the ports of a member";

describe.skipIf(lacksRules(suite))(suite, () => {
  const member = useMember({ kind: subjectKind });
  let client: WireClient;
  beforeAll(() => {
    client = new WireClient(member().endpoint);
  });
  afterAll(() => client.close());

  /** @returns the status of gRPC. */
  async function ask(headers: Record<string, string>): Promise<string | undefined> {
    const session = openSession(member().endpoint);
    const stream = openCall(session, RANGE, headers);
    stream.end(REQUEST);
    const status = await readStatus(stream);
    session.close();
    return status;
  }

  it("rule 54: a store in which nothing is has a page at least", async () => {
    const { dbSize, dbSizeInUse } = await client.demand(etcdserverpb.Maintenance.method.status, {});
    expect(Number(dbSize)).toBeGreaterThanOrEqual(PAGE_BYTES);
    expect(dbSizeInUse).toBeLessThanOrEqual(dbSize);
  });

  it.skipIf(missesPrograms(suite, ["etcdctl"])).each(["simple", "table", "json", "fields"])(
    "rule 54: etcdctl endpoint status -w %s has something to divide by",
    async (form) => {
      const { exitCode, stdout } = await runCommand(
        findProgram("etcdctl")?.command ?? "",
        [`--endpoints=${member().endpoint}`, "endpoint", "status", "-w", form],
        { env: { ...process.env, ETCDCTL_API: "3" }, timeoutMs: 20_000 },
      );
      expect(exitCode).toBe(0);
      expect(stdout).not.toBe("");
    },
  );

  it("rule 57: clients' paths are not found on the peers' port, which tells its version to anybody", async () => {
    const peers = `http://127.0.0.1:${member().peerPort}`;
    for (const path of ["/v3/kv/range", "/v3/kv/put", "/v3/maintenance/status", "/health", "/metrics"]) {
      const posted = await fetch(`${peers}${path}`, { method: "POST", body: '{"key":"YQ=="}' });
      expect([path, posted.status]).toEqual([path, 404]);
      expect([path, (await fetch(`${peers}${path}`)).status]).toEqual([path, 404]);
    }
    const version = await fetch(`${peers}/version`);
    expect(version.status).toBe(200);
    expect(await version.json()).toMatchObject({
      etcdcluster: expect.stringMatching(/^3\.\d+\.0$/) as string,
    });
  });

  it.each(["localhost", "127.0.0.1", "[::1]:2379", "etcd.example:1", "m1.sock", "%2Frun%2Fetcd%2Fm1.sock:0"])(
    "rule 58: a call for the authority %s is served",
    async (authority) => {
      expect(await ask({ ":authority": authority })).toBe(String(GrpcStatus.Ok));
    },
  );

  it("rule 59: a client version that is not UTF-8 is refused, and harms neither the member nor its metrics", async () => {
    expect(await ask({ "client-api-version": "3.5" })).toBe(String(GrpcStatus.Ok));
    for (const version of ["\xff\xfe", "3.5\xc3", "\xc0\x80"])
      expect(await ask({ "client-api-version": version })).toBe(String(GrpcStatus.InvalidArgument));
    const metrics = await fetch(`http://${member().endpoint}/metrics`);
    expect(metrics.status).toBe(200);
    expect(await metrics.text()).toMatch(/^etcd_server_client_requests_total\{client_api_version="3\.5",/m);
    await expectAlive(member());
  });

  it("rule 60: the status by the gateway leaves nothing out that a client looks for", async () => {
    const url = `http://${member().endpoint}/v3/maintenance/status`;
    const status = (await (await fetch(url, { method: "POST", body: "{}" })).json()) as object;
    for (const name of ["version", "storageVersion"])
      expect(status).toHaveProperty(name, expect.stringMatching(/^3\.\d+\.\d+$/));
    for (const name of ["dbSize", "leader", "raftIndex", "raftTerm", "raftAppliedIndex", "dbSizeInUse"])
      expect(status).toHaveProperty(name, expect.stringMatching(/^[1-9]\d*$/));
  });
});
