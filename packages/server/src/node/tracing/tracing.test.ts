/** A member that is asked for traces, a collector, and clients as others have them. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials, makeClientConstructor, Metadata, type Client } from "@grpc/grpc-js";
import { create, etcdserverpb, toBinary, type DescMessage, type MessageInitShape } from "@quorate/proto";
import { beforeAll, describe, expect, test } from "vitest";
import { startMember } from "../../embed/start-member.js";
import { startWithFlags } from "../testing/start-with-flags.js";
import { SpanProvider } from "./span-provider.js";
import { Collector, type CollectedSpan } from "./testing/collector.js";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const SERVER_KIND = 2;
const INTERNAL_KIND = 1;

let collector: Collector;
/** All spans that came, the last ones as the member stopped. */
let spans: readonly CollectedSpan[];

beforeAll(async () => {
  collector = await Collector.start();
  const server = await startWithFlags({
    flags: [
      "--enable-distributed-tracing",
      `--distributed-tracing-address=${collector.address}`,
      "--distributed-tracing-service-name=keys",
      "--distributed-tracing-instance-id=m1",
      "--distributed-tracing-sampling-rate=0",
    ],
  });
  const client = new TracedClient(server.clientPort);
  const { PutRequestSchema, RangeRequestSchema, TxnRequestSchema, LeaseGrantRequestSchema } = etcdserverpb;
  const key = Buffer.from("k");
  await client.call("KV/Put", PutRequestSchema, { key, value: Buffer.from("v") }, "01");
  await client.call("KV/Range", RangeRequestSchema, { key, limit: 7n }, "01");
  await client.call("KV/Range", RangeRequestSchema, { key: Buffer.from("unsampled") }, "00");
  await client.call("KV/Range", RangeRequestSchema, { key: Buffer.from("nobody's") }, undefined);
  await client.call("KV/Range", RangeRequestSchema, {}, "01");
  const put = { key: Buffer.from("t"), lease: 0n };
  const success = [{ request: { case: "requestPut" as const, value: put } }];
  await client.call("KV/Txn", TxnRequestSchema, { success }, "01");
  await client.call("Lease/LeaseGrant", LeaseGrantRequestSchema, { ID: 5n, TTL: 60n }, "01");
  await client.watch("w");
  client.close();
  await server.stop();
  ({ spans } = collector);
  await collector.stop();
});

function named(name: string): CollectedSpan[] {
  return spans.filter((span) => span.name === name);
}

/** The request's span and the server's around it. */
function pair(request: string, server: string): [CollectedSpan, CollectedSpan] {
  const [inner] = named(request);
  const outer = named(server).find(({ spanId }) => spanId === inner?.parentSpanId);
  if (inner === undefined || outer === undefined) throw new Error(`no ${request} in ${server}`);
  return [inner, outer];
}

describe("a call that its client traces", () => {
  test("has a span of the server in the client's trace, with its method and outcome", () => {
    const [, server] = pair("put", "etcdserverpb.KV/Put");
    expect(server).toMatchObject({ traceId: TRACE, parentSpanId: SPAN, kind: SERVER_KIND, statusCode: 0 });
    expect(server.attributes).toMatchObject({
      "rpc.system": "grpc",
      "rpc.service": "etcdserverpb.KV",
      "rpc.method": "Put",
      "rpc.grpc.status_code": 0,
    });
    expect(server).toMatchObject({
      scope: "go.etcd.io/etcd",
      resource: { "service.name": "keys", "service.instance.id": "m1" },
    });
  });

  test("a put is followed through the log to the state", () => {
    const [put, server] = pair("put", "etcdserverpb.KV/Put");
    expect(put).toMatchObject({ kind: INTERNAL_KIND, traceId: TRACE, attributes: { key: "k" } });
    expect(put.events.map(({ name }) => name)).toEqual(["proposed", "applied"]);
    const apply = named("apply").find(({ parentSpanId }) => parentSpanId === put.spanId);
    expect(apply?.attributes).toMatchObject({ success: true });
    for (const span of spans) expect(span.endNanos).toBeGreaterThanOrEqual(span.startNanos);
    expect(put.startNanos).toBeGreaterThanOrEqual(server.startNanos);
    expect(put.endNanos).toBeLessThanOrEqual(server.endNanos);
  });

  test("a range tells when members had agreed, and what was asked by etcd's names", () => {
    const [range] = pair("range", "etcdserverpb.KV/Range");
    expect(range.attributes).toEqual({
      range_begin: "k",
      range_end: "",
      rev: 0,
      limit: 7,
      count_only: false,
      keys_only: false,
    });
    expect(range.events.map(({ name }) => name)).toEqual([
      "agreement among raft nodes before linearized reading",
    ]);
  });

  test("transactions, leases and watchers have theirs", () => {
    const [txn] = pair("txn", "etcdserverpb.KV/Txn");
    expect(txn.attributes).toEqual({
      compare_first_key: "",
      success_first_key: "t",
      success_first_type: "put",
      success_first_lease: "0",
      compare_len: 0,
      success_len: 1,
      failure_len: 0,
      read_only: false,
    });
    expect(pair("lease_grant", "etcdserverpb.Lease/LeaseGrant")[0].attributes).toEqual({ id: "5", ttl: 60 });
    expect(pair("watch", "etcdserverpb.Watch/Watch")[0].attributes).toMatchObject({ key: "w", start_rev: 0 });
  });

  test("a refused call tells its status, which is not the server's fault", () => {
    const refused = named("etcdserverpb.KV/Range").find(
      ({ attributes }) => attributes["rpc.grpc.status_code"] === 3,
    );
    expect(refused).toMatchObject({ statusCode: 0, traceId: TRACE });
  });
});

test("what its client does not keep, and of the rest what the rate leaves out, is not sent", () => {
  const asked = named("range").map(({ attributes }) => attributes["range_begin"]);
  expect(asked.sort()).toEqual(["", "k"]);
});

test("a member without a collector serves all the same, and says at its end what could not be sent", async () => {
  const server = await startWithFlags({
    flags: [
      ...["--enable-distributed-tracing", "--distributed-tracing-address=127.0.0.1:1"],
      "--experimental-distributed-tracing-sampling-rate=1000000",
    ],
  });
  const client = new TracedClient(server.clientPort);
  const request = { key: Buffer.from("k"), value: Buffer.from("v") };
  for (let i = 0; i < 20; i++)
    expect(await client.call("KV/Put", etcdserverpb.PutRequestSchema, request, undefined)).toBe(0);
  client.close();
  await server.stop();
  expect(server.log.filter((line) => line.includes("failed to export traces"))).toHaveLength(1);
});

test("a program with a member inside has the spans in its own provider", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "tracing-"));
  const ended: string[] = [];
  const tracerProvider = new SpanProvider({
    samplesPerMillion: 1_000_000,
    recorder: { unixMs: () => Date.now(), ended: ({ name }) => void ended.push(name) },
    randomHex: (bytes) => randomBytes(bytes).toString("hex"),
  });
  const member = await startMember({ dataDir, tracerProvider });
  const client = new TracedClient(Number(new URL(member.clientUrls[0] ?? "").port));
  await client.call("KV/Put", etcdserverpb.PutRequestSchema, { key: Buffer.from("k") }, undefined);
  client.close();
  await member.stop();
  expect(ended).toEqual(["apply", "put", "etcdserverpb.KV/Put"]);
  await rm(dataDir, { recursive: true });
});

class TracedClient {
  readonly #client: Client;

  constructor(port: number) {
    this.#client = new (makeClientConstructor({}, "any"))(
      `127.0.0.1:${String(port)}`,
      credentials.createInsecure(),
    );
  }

  /** @param flags of the trace; undefined for a call without one. Resolves to the status. */
  call<S extends DescMessage>(
    method: string,
    schema: S,
    request: MessageInitShape<S>,
    flags: string | undefined,
  ): Promise<number> {
    const bytes = Buffer.from(toBinary(schema, create(schema, request)));
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(
        `/etcdserverpb.${method}`,
        (each: Buffer) => each,
        (each: Buffer) => each,
        bytes,
        metadataOf(flags),
        (error) => resolve(error?.code ?? 0),
      );
    });
  }

  /** Opens a watch and cancels it once it is there. */
  watch(key: string): Promise<void> {
    const stream = this.#client.makeBidiStreamRequest(
      "/etcdserverpb.Watch/Watch",
      (each: Buffer) => each,
      (each: Buffer) => each,
      metadataOf("01"),
    );
    const value = { key: Buffer.from(key) };
    const request = create(etcdserverpb.WatchRequestSchema, {
      requestUnion: { case: "createRequest", value },
    });
    stream.write(Buffer.from(toBinary(etcdserverpb.WatchRequestSchema, request)));
    return new Promise((resolve) => {
      stream.once("data", () => stream.cancel());
      stream.once("error", () => resolve());
    });
  }

  close(): void {
    this.#client.close();
  }
}

function metadataOf(flags: string | undefined): Metadata {
  const metadata = new Metadata();
  if (flags !== undefined) metadata.set("traceparent", `00-${TRACE}-${SPAN}-${flags}`);
  return metadata;
}
