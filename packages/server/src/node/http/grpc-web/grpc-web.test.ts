import { create, etcdserverpb, fromBinary, toBinary } from "@quorate/proto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWithFlags, type FlaggedServer } from "../../testing/start-with-flags.js";

let server: FlaggedServer;
const ORIGIN = "https://app.example";

beforeAll(async () => {
  server = await startWithFlags({ flags: [`--grpc-web-origins=${ORIGIN}`, "--max-request-bytes=10000"] });
});
afterAll(() => server.stop());

const urlOf = (method: string, { clientPort } = server): string =>
  `http://127.0.0.1:${String(clientPort)}/etcdserverpb.${method}`;
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

function frame(message: Uint8Array, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

interface Frames {
  readonly messages: readonly Buffer[];
  /** Text of the last frame, undefined when there was none. */
  readonly trailers: string | undefined;
}

function split(body: Buffer): Frames {
  const messages: Buffer[] = [];
  let trailers: string | undefined;
  for (let at = 0; at < body.length;) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    if (body[at] === 0x80) trailers = body.toString("latin1", at + 5, end);
    else messages.push(body.subarray(at + 5, end));
    at = end;
  }
  return { messages, trailers };
}

async function call(
  method: string,
  body: Uint8Array | string,
  headers: Record<string, string> = {},
): Promise<Frames & { readonly response: Response }> {
  const response = await fetch(urlOf(method), {
    method: "POST",
    body: typeof body === "string" ? body : Uint8Array.from(body),
    headers: { "content-type": "application/grpc-web+proto", origin: ORIGIN, "x-grpc-web": "1", ...headers },
  });
  return { response, ...split(Buffer.from(await response.arrayBuffer())) };
}

const put = (key: string, value: string): Uint8Array =>
  toBinary(
    etcdserverpb.PutRequestSchema,
    create(etcdserverpb.PutRequestSchema, { key: bytes(key), value: bytes(value) }),
  );
const range = (key: string): Uint8Array =>
  toBinary(etcdserverpb.RangeRequestSchema, create(etcdserverpb.RangeRequestSchema, { key: bytes(key) }));
const readRange = (message: Buffer | undefined): string[] =>
  fromBinary(etcdserverpb.RangeResponseSchema, message ?? Buffer.alloc(0)).kvs.map(({ value }) =>
    Buffer.from(value).toString(),
  );

describe("a call of one message each way", () => {
  test("is answered with a message and its status behind it", async () => {
    const written = await call("KV/Put", frame(put("a", "1")));
    expect(written.response.status).toBe(200);
    expect(written.response.headers.get("content-type")).toBe("application/grpc-web+proto");
    expect(written.response.headers.get("access-control-allow-origin")).toBe(ORIGIN);
    expect(written.response.headers.get("access-control-expose-headers")).toContain("grpc-status");
    expect(written.trailers).toBe("grpc-status: 0\r\n");
    const read = await call("KV/Range", frame(range("a")));
    expect(readRange(read.messages[0])).toEqual(["1"]);
  });

  test("fails with a status and no message", async () => {
    const refused = await call("KV/Range", frame(range("")));
    expect(refused).toMatchObject({
      messages: [],
      trailers: expect.stringContaining("grpc-status: 3") as string,
    });
    expect(refused.trailers).toContain("grpc-message: etcdserver: key is not provided");
    expect((await call("KV/Nothing", frame(range("a")))).trailers).toContain("grpc-status: 12");
  });

  test("may be written in base64, each piece padded by itself", async () => {
    const text = { "content-type": "application/grpc-web-text" };
    const whole = frame(put("b", "2"));
    const pieces = [whole.subarray(0, 4), whole.subarray(4, 5), whole.subarray(5)];
    const response = await fetch(urlOf("KV/Put"), {
      method: "POST",
      body: pieces.map((piece) => piece.toString("base64")).join(""),
      headers: { ...text, origin: ORIGIN },
    });
    expect(response.headers.get("content-type")).toBe("application/grpc-web-text+proto");
    // What is answered is padded piece by piece too.
    const answered = (await response.text()).match(/[^=]+={0,2}/g) ?? [];
    const { trailers, messages } = split(Buffer.concat(answered.map((part) => Buffer.from(part, "base64"))));
    expect([trailers, messages.length]).toEqual(["grpc-status: 0\r\n", 1]);
    const nonsense = await call("KV/Put", "%%%%", text);
    expect(nonsense.response.status).toBe(200);
  });

  test.each<[string, () => Uint8Array, string]>([
    ["too large a message", () => frame(new Uint8Array(600_000)), "grpc-status: 8"],
    ["a message that is cut", () => frame(put("c", "1")).subarray(0, 7), "grpc-status: 13"],
    ["a compressed message", () => frame(put("c", "1"), 1), "grpc-status: 12"],
    ["no message", () => new Uint8Array(0), "grpc-status: 13"],
    ["another kind of frame", () => frame(put("c", "1"), 7), "grpc-status: 13"],
  ])("%s is refused", async (_, body, status) => {
    const { trailers, messages } = await call("KV/Put", body());
    expect(trailers).toContain(status);
    expect(messages).toEqual([]);
  });

  test("keeps a time limit, and refuses one that cannot be read", async () => {
    expect((await call("KV/Range", frame(range("a")), { "grpc-timeout": "0m" })).trailers).toContain(
      "grpc-status: 4",
    );
    expect((await call("KV/Range", frame(range("a")), { "grpc-timeout": "x" })).trailers).toContain(
      "grpc-status: 3",
    );
  });
});

describe("streams", () => {
  test("a watch that says so is told its progress, which a page can't ask for", async () => {
    const createRequest = create(etcdserverpb.WatchCreateRequestSchema, { key: bytes("quiet") });
    const ask = create(etcdserverpb.WatchRequestSchema, {
      requestUnion: { case: "createRequest", value: createRequest },
    });
    const response = await fetch(urlOf("Watch/Watch"), {
      method: "POST",
      body: frame(toBinary(etcdserverpb.WatchRequestSchema, ask)),
      headers: { "content-type": "application/grpc-web+proto", "x-watch-progress-seconds": "1" },
    });
    const reader = response.body?.getReader();
    let received = Buffer.alloc(0);
    while (split(received).messages.length < 2) {
      const { value } = (await reader?.read()) ?? {};
      received = Buffer.concat([received, value ?? expect.unreachable("the watch ended")]);
    }
    const progress = split(received).messages[1] ?? Buffer.alloc(0);
    expect(fromBinary(etcdserverpb.WatchResponseSchema, progress)).toMatchObject({
      watchId: -1n,
      events: [],
    });
    await reader?.cancel();
  });

  test("a watch tells what happens after its body has ended, until the page leaves", async () => {
    const createRequest = create(etcdserverpb.WatchCreateRequestSchema, { key: bytes("w") });
    const ask = create(etcdserverpb.WatchRequestSchema, {
      requestUnion: { case: "createRequest", value: createRequest },
    });
    const leaving = new AbortController();
    const response = await fetch(urlOf("Watch/Watch"), {
      method: "POST",
      body: frame(toBinary(etcdserverpb.WatchRequestSchema, ask)),
      headers: { "content-type": "application/grpc-web+proto", origin: ORIGIN },
      signal: leaving.signal,
    });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let received = Buffer.alloc(0);
    const next = async (): Promise<etcdserverpb.WatchResponse> => {
      while (received.length < 5 || received.length < 5 + received.readUInt32BE(1)) {
        const { value, done } = await reader.read();
        if (done) throw new Error("the watch ended");
        received = Buffer.concat([received, value]);
      }
      const end = 5 + received.readUInt32BE(1);
      const message = fromBinary(etcdserverpb.WatchResponseSchema, received.subarray(5, end));
      received = received.subarray(end);
      return message;
    };
    expect(await next()).toMatchObject({ created: true });
    await call("KV/Put", frame(put("w", "1")));
    expect((await next()).events.map(({ kv }) => Buffer.from(kv?.value ?? []).toString())).toEqual(["1"]);
    leaving.abort();
    await expect(reader.read()).rejects.toThrow();
  });

  test("a keep-alive ends when all its messages are answered", async () => {
    const { LeaseGrantRequestSchema, LeaseKeepAliveRequestSchema } = etcdserverpb;
    const grant = toBinary(LeaseGrantRequestSchema, create(LeaseGrantRequestSchema, { ID: 7n, TTL: 60n }));
    expect((await call("Lease/LeaseGrant", frame(grant))).trailers).toContain("grpc-status: 0");
    const renew = frame(
      toBinary(LeaseKeepAliveRequestSchema, create(LeaseKeepAliveRequestSchema, { ID: 7n })),
    );
    const { messages, trailers } = await call("Lease/LeaseKeepAlive", Buffer.concat([renew, renew]));
    expect([messages.length, trailers]).toEqual([2, "grpc-status: 0\r\n"]);
  });
});

describe("pages", () => {
  const ask = (origin: string, port = server.clientPort): Promise<Response> =>
    fetch(`http://127.0.0.1:${String(port)}/etcdserverpb.KV/Range`, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,x-grpc-web",
      },
    });

  test("of allowed origins may ask, others get no leave and no answer", async () => {
    const allowed = await ask(ORIGIN);
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get("access-control-allow-origin")).toBe(ORIGIN);
    expect(allowed.headers.get("access-control-allow-headers")).toContain("x-grpc-web");
    const other = await ask("https://evil.example");
    expect(other.headers.get("access-control-allow-headers") ?? "").not.toContain("x-grpc-web");
    const forced = await call("KV/Range", frame(range("a")), { origin: "https://evil.example" });
    expect([forced.response.status, forced.messages]).toEqual([403, []]);
  });

  test("get nothing while no origin is allowed", async () => {
    const plain = await startWithFlags();
    try {
      const response = await fetch(urlOf("KV/Range", plain), {
        method: "POST",
        body: frame(range("a")),
        headers: { "content-type": "application/grpc-web+proto", origin: ORIGIN },
      });
      expect(response.status).toBe(404);
    } finally {
      await plain.stop();
    }
  });
});
