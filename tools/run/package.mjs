/**
 * `npm run package`: what runs in production, without npm and sources: programs, native libraries of this platform, unit files.
 *
 *     dist/quorate-<version>-<platform>-<arch>/
 *       bin/quorate, bin/quorate-console      start lib/ with the Node in the path
 *       lib/server/, lib/console/             the built programs
 *       lib/node_modules/                     the packages that can't be built in
 *       systemd/                              unit and default settings
 *     dist/quorate-<version>-<platform>-<arch>.tar.gz
 *
 * `--folder-only` leaves the archive out.
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import {
  buildConsoleIfStale,
  buildServerIfStale,
  consoleEntry,
  installIfStale,
  requireNode,
  root,
  serverEntry,
} from "./workspace.mjs";

/** Packages that the programs load at run time (see apps/quorate/build.mjs), and where they are asked for. */
const EXTERNALS = [
  { name: "rocksdb-native", from: "packages/storage/package.json" },
  { name: "@node-rs/bcrypt", from: "packages/server/package.json" },
];
const PLATFORM = `${process.platform}-${process.arch}`;

requireNode();
if (!installIfStale() || !buildServerIfStale() || !buildConsoleIfStale()) {
  console.error("The programs could not be built.");
  process.exit(1);
}
const { version } = readJson(join(root, "package.json"));
const name = `quorate-${version}-${PLATFORM}`;
const folder = join(root, "dist", name);
rmSync(folder, { recursive: true, force: true });
copyPrograms();
const seen = new Set();
for (const external of EXTERNALS) copyPackage(external.name, join(root, external.from));
for (const file of ["LICENSE", "README.md"]) cpSync(join(root, file), join(folder, file));
cpSync(join(root, "deploy/systemd"), join(folder, "systemd"), { recursive: true });
probe();
if (!process.argv.includes("--folder-only")) pack();
console.log(`dist/${name}`);

function copyPrograms() {
  const isShipped = (path) => !/\.(map|d\.ts|tsbuildinfo)$|[/\\](spec|types|fake)$/.test(path);
  const server = dirname(serverEntry);
  mkdirSync(join(folder, "lib/server"), { recursive: true });
  for (const file of readdirSync(server).filter((each) => /^quorate\.js$|\.cjs$|\.cache$/.test(each)))
    cpSync(join(server, file), join(folder, "lib/server", file));
  // The loader is an ES module by the nearest package.json, as in the tree it comes from.
  writeFileSync(join(folder, "lib/server/package.json"), '{ "type": "module" }\n');
  mkdirSync(join(folder, "lib/console"), { recursive: true });
  cpSync(consoleEntry, join(folder, "lib/console/console.cjs"));
  cpSync(join(dirname(consoleEntry), "app"), join(folder, "lib/console/app"), {
    recursive: true,
    filter: isShipped,
  });
  mkdirSync(join(folder, "bin"));
  writeProgram("quorate", "server/quorate.js");
  writeProgram("quorate-console", "console/console.cjs");
}

/** Follows symbolic links to itself, so that it may be linked to from a folder in the path. */
function writeProgram(program, entry) {
  const path = join(folder, "bin", program);
  const lines = [
    "#!/bin/sh",
    'self=$(readlink -f "$0")',
    `exec "\${QUORATE_NODE:-node}" "$(dirname "$self")/../lib/${entry}" "$@"`,
  ];
  writeFileSync(path, `${lines.join("\n")}\n`);
  chmodSync(path, 0o755);
}

/** Copies a package and what it needs; of native libraries those of this platform. Optional packages may be absent. */
function copyPackage(packageName, askedFrom) {
  const source = findPackage(packageName, askedFrom);
  if (source === undefined || seen.has(source)) return source !== undefined;
  seen.add(source);
  const target = join(folder, "lib/node_modules", packageName);
  cpSync(source, target, { recursive: true, filter: (path) => isNeeded(path.slice(source.length)) });
  const manifest = join(source, "package.json");
  const { dependencies = {}, optionalDependencies = {} } = readJson(manifest);
  for (const needed of Object.keys(dependencies)) {
    if (needed in optionalDependencies) continue;
    if (!copyPackage(needed, manifest))
      throw new Error(`${packageName} needs ${needed}, which is not installed`);
  }
  for (const wished of Object.keys(optionalDependencies)) copyPackage(wished, manifest);
  return true;
}

function isNeeded(path) {
  if (/^[/\\]node_modules$|\.(md|cc|h|map|d\.ts|txt)$/.test(path)) return false;
  const library = /^[/\\]prebuilds[/\\]([^/\\]+)/.exec(path);
  return library === null || library[1] === PLATFORM;
}

/** @returns the folder of a package as Node would find it from `askedFrom`. */
function findPackage(packageName, askedFrom) {
  const places = createRequire(askedFrom).resolve.paths(packageName) ?? [];
  return places
    .map((place) => join(place, packageName))
    .find((path) => existsSync(join(path, "package.json")));
}

/** A package that can't start here would not start elsewhere. */
function probe() {
  for (const program of ["quorate", "quorate-console"]) {
    const { status, stderr } = spawnSync(join(folder, "bin", program), ["--version"], { encoding: "utf8" });
    if (status === 0) continue;
    console.error(`bin/${program} --version ended with ${status}:\n${stderr}`);
    process.exit(1);
  }
}

function pack() {
  const { status } = spawnSync("tar", ["-czf", `${name}.tar.gz`, name], {
    cwd: join(root, "dist"),
    stdio: "inherit",
  });
  if (status === 0) return;
  console.error("tar failed; the folder is complete.");
  process.exit(1);
}

function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}
