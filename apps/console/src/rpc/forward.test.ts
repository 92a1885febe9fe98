import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { CONSOLE_HEADERS, etcdserverpb, formatHexId, v3lockpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { text, useConsole, utf8 } from "../testing/use-console.js";

const app = useConsole();
const readOnly = useConsole({ isReadOnly: true });
const csrf = { [CONSOLE_HEADERS.csrf]: "1" };

const refusal = (call: Promise<unknown>): Promise<{ code: Code; text: string } | undefined> =>
  call.then(
    () => undefined,
    (error: unknown) => {
      const { code, rawMessage } = ConnectError.from(error);
      return { code, text: rawMessage };
    },
  );

describe("forwarded calls", () => {
  it("reach the cluster and bring its answers", async () => {
    const put = await app.kv.put({ key: utf8("k"), value: utf8("1") });
    const compare = {
      key: utf8("k"),
      target: etcdserverpb.Compare_CompareTarget.MOD,
      targetUnion: { case: "modRevision" as const, value: 1n },
    };
    const txn = await app.kv.txn({
      compare: [compare],
      failure: [{ request: { case: "requestRange", value: { key: utf8("k") } } }],
    });
    const [response] = txn.responses;
    expect(txn.succeeded).toBe(false);
    expect(response?.response.case).toBe("responseRange");
    const kvs = response?.response.case === "responseRange" ? response.response.value.kvs : [];
    expect(kvs.map(({ value, modRevision }) => [text(value), modRevision])).toEqual([
      ["1", put.header?.revision],
    ]);
  });

  it("bring the cluster's refusals with their code and text", async () => {
    expect(await refusal(app.kv.put({ key: new Uint8Array() }))).toEqual({
      code: Code.InvalidArgument,
      text: "etcdserver: key is not provided",
    });
    expect(await refusal(app.lease.leaseRevoke({ ID: 12345n }))).toEqual({
      code: Code.NotFound,
      text: "etcdserver: requested lease not found",
    });
  });

  it("go to the member that is named", async () => {
    const { members } = await app.cluster.memberList({});
    const id = members[0]?.ID ?? 0n;
    const one = app.browse({ ...csrf, [CONSOLE_HEADERS.member]: formatHexId(id) });
    expect((await one.maintenance.status({})).header?.memberId).toBe(id);
    const other = app.browse({ ...csrf, [CONSOLE_HEADERS.member]: "abc" });
    expect(await refusal(other.maintenance.status({}))).toEqual({
      code: Code.NotFound,
      text: "the cluster has no member abc",
    });
  });

  it("are refused for a cluster that is not configured", async () => {
    const other = app.browse({ ...csrf, [CONSOLE_HEADERS.cluster]: "other" });
    expect(await refusal(other.kv.range({ key: utf8("k") }))).toMatchObject({ code: Code.NotFound });
  });

  it("are not offered when they stream or are of other services", async () => {
    const transport = createConnectTransport({ baseUrl: app.url, httpVersion: "1.1" });
    expect(await refusal(app.auth.authenticate({ name: "root", password: "x" }))).toMatchObject({
      code: Code.Unimplemented,
    });
    expect(await refusal(createClient(v3lockpb.Lock, transport).lock({ name: utf8("l") }))).toBeDefined();
  });
});

describe("a read-only console", () => {
  it("says so, reads, and refuses every change", async () => {
    expect((await readOnly.console.getSession({})).readOnly).toBe(true);
    expect((await readOnly.kv.range({ key: utf8("k") })).kvs).toEqual([]);
    const refused = { code: Code.PermissionDenied, text: "this console is read-only" };
    const put = { request: { case: "requestPut", value: { key: utf8("k") } } } as const;
    const range = { request: { case: "requestRange", value: { key: utf8("k") } } } as const;
    expect(await refusal(readOnly.kv.put({ key: utf8("k") }))).toEqual(refused);
    expect(await refusal(readOnly.kv.txn({ success: [put] }))).toEqual(refused);
    expect(await refusal(readOnly.kv.txn({ success: [range] }))).toBeUndefined();
    expect(await refusal(readOnly.maintenance.defragment({}))).toEqual(refused);
    expect((await readOnly.kv.range({ key: utf8("k") })).count).toBe(0n);
  });
});
