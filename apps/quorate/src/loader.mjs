#!/usr/bin/env node
/**
 * Runs `server.cjs` beside this file with V8's code cache. The cache belongs to one version of Node: with another one, V8
 * rejects it and compiles as usual.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";

// The log, the engine's reads and its write-behind share libuv's pool: with its default of four threads, engine work
// could starve the log. Read once, before the first use of the pool.
process.env.UV_THREADPOOL_SIZE ??= "8";

const directory = dirname(fileURLToPath(import.meta.url));
const file = join(directory, "server.cjs");
const cacheFile = `${file}.${process.version}.cache`;
const writeCache = process.argv[2] === "--write-code-cache";

const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, "utf8")}\n})`;
const script = new Script(source, { filename: file, cachedData: writeCache ? undefined : readCache() });
const main = script.runInThisContext();
const module = { exports: {} };

if (writeCache) {
  process.argv.splice(2, 1, "--version");
  // The functions that a start runs are compiled by running one; what they print is not wanted here.
  process.stdout.write = () => true;
  process.on("exit", () => {
    const partial = `${cacheFile}.partial`;
    writeFileSync(partial, script.createCachedData());
    renameSync(partial, cacheFile);
  });
}
main(module.exports, createRequire(file), module, file, directory);

function readCache() {
  try {
    return readFileSync(cacheFile);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    return undefined;
  }
}
