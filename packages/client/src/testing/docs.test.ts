/**
 * Every page's snippets, run as one program a page against a server of its own. A comment `// prints ...` is what the program prints
 * there; nothing else may be printed.
 */
import { mkdtemp, readFile, rm, writeFile, mkdir } from "node:fs/promises";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { format } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startTestServer, type TestServer, type TestServerOptions } from "../testing.js";

const ROOM = fileURLToPath(new URL("../../", import.meta.url));
const PAGES = ["README.md", ...readdirSync(join(ROOM, "docs")).map((name) => join("docs", name))];
const DEFAULT_ENDPOINT = "127.0.0.1:2379";
/** Pages whose server is another than the default. */
const SERVERS: Readonly<Record<string, TestServerOptions>> = {
  "docs/auth-and-tls.md": { rootPassword: "secret", tls: true },
  "docs/browsers.md": { flags: { "grpc-web-origins": "*" } },
};

let folder = "";

beforeAll(async () => {
  // Inside the package, where its imports resolve as a user's would.
  await mkdir(join(ROOM, "dist"), { recursive: true });
  folder = await mkdtemp(join(ROOM, "dist", "snippets-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function snippetsOf(page: string): string[] {
  return [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? "");
}

/** Snippets that show a plain endpoint are served over plain connections elsewhere; here all of a page go to one server. */
function programOf(page: string, server: TestServer): string {
  const trust = server.caFile === undefined ? "" : `, tls: { ca: ${JSON.stringify(server.caFile)} }`;
  return snippetsOf(page)
    .join("\n")
    .replaceAll(`endpoints: "https://${DEFAULT_ENDPOINT}"`, `endpoints: ${JSON.stringify(server.endpoint)}`)
    .replaceAll(`endpoints: "${DEFAULT_ENDPOINT}"`, `endpoints: ${JSON.stringify(server.endpoint)}${trust}`)
    .replaceAll(DEFAULT_ENDPOINT, server.endpoint)
    .replaceAll('"certs/ca.pem"', JSON.stringify(server.caFile))
    .replaceAll('"data/embedded"', JSON.stringify(join(server.dataDir, "embedded")));
}

test.each(PAGES)("%s does what it says", async (name) => {
  const page = await readFile(join(ROOM, name), "utf8");
  const expected = [...page.matchAll(/\/\/ prints (.*)$/gm)].map((match) => match[1]);
  expect(snippetsOf(page).length).toBeGreaterThan(0);
  await using server = await startTestServer(SERVERS[name] ?? {});
  const file = join(folder, `${name.replaceAll(/[^a-z0-9]/gi, "-")}.ts`);
  await writeFile(file, programOf(page, server));
  const printed: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((...words: unknown[]) => {
    printed.push(format(...words));
  });
  try {
    await import(pathToFileURL(file).href);
  } finally {
    log.mockRestore();
  }
  expect(printed).toEqual(expected);
});

test("links between the pages lead somewhere", async () => {
  for (const name of PAGES) {
    const page = await readFile(join(ROOM, name), "utf8");
    for (const [, target = ""] of page.matchAll(/\]\(([^)#:]+\.md)\)/g)) {
      await expect(
        readFile(join(ROOM, dirname(name), target), "utf8"),
        `${target} in ${name}`,
      ).resolves.toBeTruthy();
    }
  }
});
