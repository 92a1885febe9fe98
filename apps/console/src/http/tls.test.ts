import { connect } from "node:http2";
import { request } from "node:https";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { CONSOLE_HEADERS, consolepb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { createPasswordHash } from "../login/password.js";
import { TEST_CERTIFICATE, TEST_KEY } from "../testing/certificate.js";
import { useConsole, utf8 } from "../testing/use-console.js";

const app = useConsole({
  tls: { cert: Buffer.from(TEST_CERTIFICATE), key: Buffer.from(TEST_KEY) },
  login: { user: "admin", password: await createPasswordHash("pw") },
});
const trust = { ca: TEST_CERTIFICATE };

function browse(cookie: string, onCookie?: (header: string) => void) {
  const transport = createConnectTransport({
    baseUrl: app.url,
    httpVersion: "2",
    nodeOptions: trust,
    interceptors: [
      (next) => async (call) => {
        call.header.set(CONSOLE_HEADERS.csrf, "1");
        call.header.set("cookie", cookie);
        const answer = await next(call);
        onCookie?.(answer.header.get("set-cookie") ?? "");
        return answer;
      },
    ],
  });
  return createClient(consolepb.ConsoleService, transport);
}

describe("a console under TLS", () => {
  it("serves calls and streams over HTTP/2, with cookies that TLS alone carries", async () => {
    expect(app.url).toMatch(/^https:/);
    let header = "";
    await browse("", (given) => (header = given)).login({ user: "admin", password: "pw" });
    expect(header).toMatch(/^__Host-.*; Secure; Max-Age=\d+$/);
    const browser = browse(header.split(";")[0] ?? "");
    expect((await browser.getSession({})).loggedIn).toBe(true);
    const watch = browser.watchKeys({ key: utf8("k") })[Symbol.asyncIterator]();
    expect((await watch.next()).done).toBe(false);
    await watch.return?.();
  });

  it("tells browsers to stay with TLS, over HTTP/2 and HTTP/1.1, and checks the name there too", async () => {
    const session = connect(app.url, trust);
    const ask = (authority: string): Promise<[number, string | undefined]> =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ":path": "/", ":authority": authority, accept: "text/html" });
        stream.on("response", (headers) =>
          resolve([Number(headers[":status"]), headers["strict-transport-security"]]),
        );
        stream.on("error", reject);
        stream.resume();
      });
    expect(await ask("localhost")).toEqual([200, expect.stringContaining("max-age=")]);
    expect((await ask("evil.example"))[0]).toBe(421);
    session.close();
    const status = await new Promise((resolve, reject) => {
      request(app.url, { ...trust, headers: { accept: "text/html" } }, (answer) => {
        answer.resume();
        resolve([answer.statusCode, answer.httpVersion]);
      })
        .on("error", reject)
        .end();
    });
    expect(status).toEqual([200, "1.1"]);
  });
});
