import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials, makeClientConstructor } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startMember, type EmbeddedMember } from "../../embed/start-member.js";
import { etcdserverpb, create, fromBinary, toBinary } from "@quorate/proto";
import { OWN_SERIES, SERIES_AT_START, SERIES_THAT_MOVE } from "./testing/series.js";

let directory: string;
let member: EmbeddedMember;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "metrics-"));
  member = await startMember({ dataDir: directory, onFatal: (error) => expect.unreachable(error.message) });
});

afterAll(async () => {
  await member.stop();
  await rm(directory, { recursive: true });
});

async function scrape(): Promise<string> {
  const response = await fetch(new URL("/metrics", member.clientUrls[0]));
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toContain("text/plain; version=0.0.4");
  return response.text();
}

/** The sum over all series of a name. */
function valueOf(text: string, name: string): number {
  const lines = text.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

test("every series that dashboards, alerts and tests of etcd ask for is there right after the start", async () => {
  const text = await scrape();
  const names = new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name));
  expect(SERIES_AT_START.filter((name) => !names.has(name))).toEqual([]);
});

test("our own series and Node's are there, all of ours are known, and no name is a stranger's", async () => {
  const names = [...(await scrape()).matchAll(/^# TYPE (\S+) /gm)].map(([, name = ""]) => name);
  expect(OWN_SERIES.filter((name) => !names.includes(name))).toEqual([]);
  expect(names.filter((name) => name.startsWith("quorate_") && !OWN_SERIES.includes(name))).toEqual([]);
  const prefixes = /^(etcd|grpc|process|os|go|promhttp|nodejs|quorate)_/;
  expect(names.filter((name) => !prefixes.test(name))).toEqual([]);
});

test("names come once, with help, type and numbers that Prometheus can read", async () => {
  const text = await scrape();
  const types = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);
  expect(types.length).toBe(new Set(types).size);
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const series = /^[a-z_]\w*(\{([a-zA-Z_]\w*="(?:[^"\\]|\\.)*",?)*\})? [-+]?(?:\d|Inf|NaN)\S*$/;
  expect(samples.filter((line) => !series.test(line))).toEqual([]);
  expect(new Set(samples.map((line) => line.slice(0, line.lastIndexOf(" ")))).size).toBe(samples.length);
});

test("every series of the alerts and dashboards that one member can move moves under load", async () => {
  const before = await scrape();
  const client = new Client();
  for (let i = 0; i < 40; i++) await client.put(`key${String(i % 5)}`, "value");
  await client.range("key1");
  await client.failing();
  client.close();
  const after = await scrape();
  const still = SERIES_THAT_MOVE.filter((name) => !(valueOf(after, name) > valueOf(before, name)));
  expect(still).toEqual([]);
  expect(valueOf(after, "etcd_mvcc_put_total") - valueOf(before, "etcd_mvcc_put_total")).toBe(40);
  expect(valueOf(after, "etcd_mvcc_range_total") - valueOf(before, "etcd_mvcc_range_total")).toBe(1);
  expect(valueOf(after, "etcd_debugging_mvcc_keys_total")).toBe(5);
  expect(valueOf(after, "etcd_server_has_leader")).toBe(1);
});

test("a put is counted as started, handled, received, sent and applied, and its time is known", async () => {
  const client = new Client();
  await client.put("a", "b");
  client.close();
  const text = await scrape();
  const labels = 'grpc_method="Put",grpc_service="etcdserverpb.KV",grpc_type="unary"';
  const handled = /^grpc_server_handled_total\{grpc_code="OK",grpc_method="Put",[^}]*\} (\d+)$/m.exec(
    text,
  )?.[1];
  for (const name of ["started", "msg_received", "msg_sent"])
    expect(text).toContain(`grpc_server_${name}_total{${labels}} ${String(handled)}`);
  expect(text).toContain(
    `etcd_server_request_duration_seconds_count{success="true",type="Put"} ${String(handled)}`,
  );
  expect(text).toContain(
    `etcd_server_apply_duration_seconds_count{op="Put",success="true",version="v3"} ${String(handled)}`,
  );
  expect(text).toContain('etcd_server_client_requests_total{client_api_version="unknown",type="unary"}');
});

test("scrapes are compressed for those who can read it", async () => {
  const url = new URL("/metrics", member.clientUrls[0]);
  const response = await fetch(url, { headers: { "accept-encoding": "gzip" } });
  expect(response.headers.get("content-encoding")).toBe("gzip");
  expect(await response.text()).toContain("etcd_server_has_leader 1");
});

/** A client as others have it: not this project's own. */
class Client {
  readonly #client = new (makeClientConstructor({}, "any"))(
    new URL(member.clientUrls[0] ?? "").host,
    credentials.createInsecure(),
  );

  put(key: string, value: string): Promise<unknown> {
    const request = { key: Buffer.from(key), value: Buffer.from(value) };
    return this.#call(
      "/etcdserverpb.KV/Put",
      toBinary(etcdserverpb.PutRequestSchema, create(etcdserverpb.PutRequestSchema, request)),
    );
  }

  async range(key: string): Promise<number> {
    const request = create(etcdserverpb.RangeRequestSchema, { key: Buffer.from(key) });
    const answer = await this.#call(
      "/etcdserverpb.KV/Range",
      toBinary(etcdserverpb.RangeRequestSchema, request),
    );
    return fromBinary(etcdserverpb.RangeResponseSchema, answer).kvs.length;
  }

  async failing(): Promise<void> {
    await expect(this.#call("/etcdserverpb.KV/Range", new Uint8Array(0))).rejects.toThrow(
      "key is not provided",
    );
  }

  close(): void {
    this.#client.close();
  }

  #call(path: string, message: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        (bytes: Uint8Array) => Buffer.from(bytes),
        (bytes: Buffer) => bytes,
        message,
        (error: Error | null, answer?: Buffer) =>
          error === null && answer !== undefined ? resolve(answer) : reject(error ?? new Error("no answer")),
      );
    });
  }
}
