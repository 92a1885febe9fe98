/** The SDK in a page of another origin, in Chromium, against a member's own port. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser, missesBrowser } from "../console/chromium.js";
import { Member } from "../harness/member.js";

const suite = "the SDK in a browser";

/** What the page offers to the test. */
const PAGE_SCRIPT = `
import { createClient } from "@quorate/client/web";
const open = (endpoint) => (globalThis.client = createClient({ endpoints: endpoint, timeoutMs: 5000 }));
globalThis.sdk = {
  open,
  roundTrip: async () => {
    await client.put("page/a", "from a page");
    return (await client.get("page/a"))?.value;
  },
  refusal: async (endpoint) => {
    const other = createClient({ endpoints: endpoint, timeoutMs: 300 });
    return other.get("page/a").then(() => "let in", (error) => error.name);
  },
  watch: (count) => {
    globalThis.heard = [];
    globalThis.watches = Array.from({ length: count }, (_, i) => client.watch("page/watch/" + i));
    for (const watch of watches)
      (async () => {
        for await (const event of watch) heard.push(event.kv.key + "=" + event.kv.value);
      })();
    return Promise.all(watches.map((watch) => watch.ready)).then(() => "ready");
  },
  hold: async () => {
    globalThis.lock = await client.lock("page/lock", { ttlSeconds: 30 });
    return lock.lost.aborted;
  },
  holds: () => !lock.lost.aborted,
};
`;

async function servePage(code: string): Promise<Server> {
  const server = createServer((request, response) => {
    const isScript = request.url === "/page.js";
    response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? code : '<!doctype html><script type="module" src="/page.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

describe.skipIf(missesBrowser(suite))(suite, () => {
  let server: Server;
  let browser: Browser;
  let page: Page;
  let member: Member;
  let strict: Member;

  beforeAll(async () => {
    const { outputFiles } = await build({
      stdin: { contents: PAGE_SCRIPT, resolveDir: new URL(".", import.meta.url).pathname },
      bundle: true,
      write: false,
      format: "esm",
      platform: "browser",
      target: "es2022",
      conditions: ["@quorate/source"],
    });
    server = await servePage(outputFiles[0]?.text ?? "");
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    member = await Member.start({ kind: "quorate", flags: [`--grpc-web-origins=${origin}`] });
    strict = await Member.start({ kind: "quorate", flags: ["--grpc-web-origins=https://elsewhere.example"] });
    browser = await launchBrowser();
    page = await browser.newPage();
    await page.goto(origin);
    await page.waitForFunction("globalThis.sdk !== undefined");
    await page.evaluate(`void sdk.open("http://${member.endpoint}")`);
  });

  afterAll(async () => {
    await browser.close();
    await member.dispose();
    await strict.dispose();
    server.closeAllConnections();
    server.close();
  });

  it("reads what it wrote", async () => {
    expect(await page.evaluate("sdk.roundTrip()")).toBe("from a page");
  });

  it("is kept out by a member that does not name its origin", async () => {
    expect(await page.evaluate(`sdk.refusal("http://${strict.endpoint}")`)).not.toBe("let in");
  });

  it("watches more keys than a browser has connections, and calls beside them", async () => {
    expect(await page.evaluate("sdk.watch(50)")).toBe("ready");
    for (const i of [0, 25, 49]) await page.evaluate(`client.put("page/watch/${i}", "${i}").then(() => 0)`);
    await page.waitForFunction("heard.length >= 3");
    expect(await page.evaluate("heard")).toEqual(["page/watch/0=0", "page/watch/25=25", "page/watch/49=49"]);
  });

  it("goes on watching where it was when the member starts again, and keeps its lock", async () => {
    expect(await page.evaluate("sdk.hold()")).toBe(false);
    await page.evaluate("void (heard.length = 0)");
    await member.stop();
    await member.restart();
    await expect
      .poll(() => page.evaluate('client.put("page/watch/1", "again").then(() => "done", () => "failed")'))
      .toBe("done");
    await page.waitForFunction("heard.length >= 1");
    expect(await page.evaluate("heard")).toEqual(["page/watch/1=again"]);
    expect(await page.evaluate("sdk.holds()")).toBe(true);
  });

  it("is forgotten when the page is closed", async () => {
    const watchers = async (): Promise<number> => {
      const text = await (await fetch(`http://${member.endpoint}/metrics`)).text();
      return Number(/^etcd_debugging_mvcc_watcher_total (\d+)/m.exec(text)?.[1]);
    };
    // The fifty, and the one by which the lock hears that its key was deleted.
    await expect.poll(watchers).toBe(51);
    await page.close();
    await expect.poll(watchers).toBe(0);
  });
});
