import { request as requestHttp } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { CONSOLE_HEADERS } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { useConsole, utf8 } from "../testing/use-console.js";

const app = useConsole();

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** `fetch` would not let Host, Origin and Sec-Fetch-Site be chosen. */
function ask(path: string, headers: Record<string, string> = {}, post?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = requestHttp(
      new URL(path, app.url),
      { method: post === undefined ? "GET" : "POST", headers },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        );
        response.on("error", reject);
      },
    );
    request.on("error", reject);
    request.end(post);
  });
}

const RANGE = "/etcdserverpb.KV/Range";
const SESSION = "/quorate.console.v1.ConsoleService/GetSession";
const call = { "content-type": "application/json", [CONSOLE_HEADERS.csrf]: "1" };

describe("the screens", () => {
  it("are served with their routes, and what is not there is not found", async () => {
    const html = { accept: "text/html" };
    expect((await ask("/", html)).body.toString()).toContain("page");
    expect((await ask("/", { accept: "*/*" })).body.toString()).toContain("page");
    expect((await ask("/keys/a.b?x=1", html)).body.toString()).toContain("page");
    expect((await ask("/assets/gone.js", html)).status).toBe(404);
    expect((await ask("/favicon.png")).status).toBe(404);
    expect((await ask("/../../etc/passwd")).status).toBe(404);
    expect((await ask("/%2e%2e/package.json")).status).toBe(404);
  });

  it("are cached for good where the name tells the content, and asked for again elsewhere", async () => {
    const script = await ask("/assets/app-1a2b.js");
    expect(script.headers).toMatchObject({
      "cache-control": "public, max-age=31536000, immutable",
      "content-type": "text/javascript; charset=utf-8",
    });
    const page = await ask("/", { accept: "text/html" });
    expect(page.headers["cache-control"]).toBe("no-cache");
    const again = await ask("/", { accept: "text/html", "if-none-match": String(page.headers.etag) });
    expect([again.status, again.body.length]).toEqual([304, 0]);
  });

  it("come in the best form that the browser takes", async () => {
    const plain = (await ask("/assets/app-1a2b.js")).body;
    const br = await ask("/assets/app-1a2b.js", { "accept-encoding": "gzip, deflate, br" });
    const gzip = await ask("/assets/app-1a2b.js", { "accept-encoding": "gzip, br;q=0" });
    expect([br.headers["content-encoding"], gzip.headers["content-encoding"]]).toEqual(["br", "gzip"]);
    expect(brotliDecompressSync(br.body)).toEqual(plain);
    expect(gunzipSync(gzip.body)).toEqual(plain);
  });

  it("are protected from other sites by their headers", async () => {
    const { headers } = await ask("/", { accept: "text/html" });
    expect(headers["content-security-policy"]).toContain("script-src 'self';");
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
    });
  });
});

describe("calls from elsewhere", () => {
  it("are answered when they come from our own pages", async () => {
    const origin = new URL(app.url).origin;
    const { status, headers } = await ask(
      SESSION,
      { ...call, origin, "sec-fetch-site": "same-origin" },
      "{}",
    );
    expect([status, headers["cache-control"]]).toEqual([200, "no-store"]);
  });

  it.each([
    ["without our header", { "content-type": "application/json" }],
    ["from another origin", { ...call, origin: "http://evil.example" }],
    ["from another port", { ...call, origin: "http://127.0.0.1:1" }],
    ["from no origin at all", { ...call, origin: "null" }],
    ["that the browser says come from another site", { ...call, "sec-fetch-site": "cross-site" }],
    ["that the browser says come from a sister site", { ...call, "sec-fetch-site": "same-site" }],
  ])("are refused %s", async (_, headers) => {
    expect((await ask(SESSION, headers, "{}")).status).toBe(403);
  });

  it("are refused under a name that is not ours, whatever they ask for", async () => {
    for (const host of ["evil.example", "evil.example:80", "127.0.0.1.evil.example"]) {
      expect((await ask("/", { host })).status).toBe(421);
      expect((await ask(SESSION, { ...call, host }, "{}")).status).toBe(421);
    }
    for (const host of ["localhost:1", "[::1]:2", "10.1.2.3", "console.localhost"]) {
      expect((await ask("/", { host, accept: "text/html" })).status).toBe(200);
    }
  });

  it("are not let to GET what is to be posted, nor to post to the screens", async () => {
    expect((await ask(SESSION, call)).status).toBe(405);
    expect((await ask("/", {}, "x")).status).toBe(405);
  });

  it("are refused when their body is too long", async () => {
    const long = JSON.stringify({ key: "A".repeat(17 * 1024 * 1024) });
    const { status, body } = await ask(RANGE, call, long);
    expect([status, body.toString()]).toEqual([429, expect.stringContaining("resource_exhausted")]);
  });
});

describe("the download of a snapshot", () => {
  it("is a file with the store in it", async () => {
    await app.kv.put({ key: utf8("in-the-snapshot"), value: utf8("x") });
    const { status, headers, body } = await ask("/api/snapshot?cluster=default");
    expect(status).toBe(200);
    expect(headers["content-disposition"]).toMatch(/^attachment; filename="default-.*\.db"$/);
    // Pages of bbolt's format and, behind them, the file's SHA-256.
    expect(body.length % 4096).toBe(32);
    expect(body.includes("in-the-snapshot")).toBe(true);
  });

  it("is refused to other sites and for clusters that are not there", async () => {
    expect((await ask("/api/snapshot", { "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await ask("/api/snapshot", { "sec-fetch-site": "none" })).status).toBe(200);
    expect((await ask("/api/snapshot?cluster=other")).status).toBe(404);
    expect((await ask("/api/snapshot?member=xyz")).status).toBe(400);
  });
});
