/** What a page loads when it uses the door for browsers. */
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { build, type OutputFile } from "esbuild";
import { beforeAll, expect, test } from "vitest";

/** Of the minified code, compressed as it is served: a limit that tells when somebody drags in what pages do not need. */
const GZIP_BYTES_MAX = 70_000;

let code: OutputFile | undefined;
let inputs: string[] = [];

beforeAll(async () => {
  const result = await build({
    entryPoints: [fileURLToPath(new URL("../web.ts", import.meta.url))],
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    conditions: ["@quorate/source"],
    minify: true,
    logLevel: "silent",
  });
  code = result.outputFiles[0];
  inputs = Object.keys(result.metafile.inputs);
});

test("nothing of Node's is in it: neither modules nor the libraries that need them", () => {
  expect(code?.text).not.toMatch(/["']node:/);
  expect(inputs.filter((input) => /grpc-js|packages\/rpc|src\/node\//.test(input))).toEqual([]);
  expect(inputs.length).toBeGreaterThan(50);
});

test("it does not grow unnoticed", () => {
  const bytes = gzipSync(code?.contents ?? new Uint8Array(0)).length;
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThan(GZIP_BYTES_MAX);
});
