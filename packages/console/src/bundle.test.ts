import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";

/** What the first screen may weigh on its way, in bytes. */
const firstLoadBytesMax = 300_000;

const here = fileURLToPath(new URL("..", import.meta.url));
const vite = fileURLToPath(new URL("../../../node_modules/vite/bin/vite.js", import.meta.url));
const outDir = mkdtempSync(join(tmpdir(), "console-bundle-"));

interface Chunk {
  readonly file: string;
  readonly imports?: readonly string[];
  readonly css?: readonly string[];
}
let manifest: Readonly<Record<string, Chunk>> = {};

beforeAll(() => {
  const args = [
    vite,
    "build",
    "--outDir",
    outDir,
    "--emptyOutDir",
    "--manifest",
    "manifest.json",
    "--logLevel",
    "error",
  ];
  // The runner of tests says "test", for which React would bring its checks along.
  const env = { ...process.env, NODE_ENV: "production" };
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: here, encoding: "utf8", env });
  if (status !== 0) throw new Error(stderr);
  manifest = JSON.parse(readFileSync(join(outDir, "manifest.json"), "utf8")) as Record<string, Chunk>;
});
afterAll(() => rmSync(outDir, { recursive: true, force: true }));

/** Files that a browser has to have before a chunk runs. */
function filesOf(name: string, seen = new Set<string>()): Set<string> {
  const chunk = manifest[name];
  if (chunk === undefined || seen.has(chunk.file)) return seen;
  for (const file of [chunk.file, ...(chunk.css ?? [])]) seen.add(file);
  for (const other of chunk.imports ?? []) filesOf(other, seen);
  return seen;
}

test("the first screen comes in less than 300 kB", () => {
  const files = ["index.html", ...filesOf("index.html"), ...filesOf("src/screens/keys/index.tsx")];
  const bytes = [...new Set(files)].reduce(
    (sum, file) => sum + gzipSync(readFileSync(join(outDir, file))).length,
    0,
  );
  expect(bytes).toBeLessThan(firstLoadBytesMax);
});

test("editor, charts and YAML wait until they are needed", () => {
  const first = [...filesOf("index.html"), ...filesOf("src/screens/keys/index.tsx")];
  expect(first.filter((file) => /\/(editor|chart|yaml)-/.test(file))).toEqual([]);
});

test("nothing is asked of other machines", () => {
  const names = Object.values(manifest).flatMap(({ file, css = [] }) => [file, ...css]);
  const foreign = [...new Set(names)].filter((file) =>
    /(?:src|href)="https?:|@import\s|url\(["']?https?:|fetch\("https?:/.test(
      readFileSync(join(outDir, file), "utf8"),
    ),
  );
  expect(foreign).toEqual([]);
});
