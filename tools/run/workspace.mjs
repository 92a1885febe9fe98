/**
 * What every command of the top level does first: install what is missing, build what is stale. Plain Node, so that a fresh
 * clone can run it.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Absolute path of the top folder. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** The server as its build leaves it. */
export const serverEntry = join(root, "apps/quorate/dist/quorate.js");

/** The console as its build leaves it, with the screens beside it. */
export const consoleEntry = join(root, "apps/console/dist/console.cjs");

/** Ends the process with a readable complaint when this Node cannot run the code. */
export function requireNode(minimum = [20, 11]) {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > minimum[0] || (major === minimum[0] && minor >= minimum[1])) return;
  console.error(`Node ${minimum.join(".")} or later is needed; this is ${process.versions.node}.`);
  process.exit(1);
}

/**
 * Runs a command of this Node or of node_modules/.bin in the top folder, its output shown as it comes.
 * @param {string} script path of a JavaScript file, relative to the top folder
 * @param {readonly string[]} args
 * @returns {number} the exit code; 1 for an end by signal
 */
export function runNode(script, args = [], env = {}) {
  const { status } = spawnSync(process.execPath, [join(root, script), ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit"],
  });
  return status ?? 1;
}

/** Installs what package-lock.json names unless it is there already. @returns {boolean} false when npm failed. */
export function installIfStale() {
  if (isInstalled()) return true;
  console.log("Installing packages (npm ci) ...");
  // The npm that started us, if one did; else the one in the path, which is a batch file on Windows.
  const npm = process.env["npm_execpath"];
  const args = ["ci", "--no-fund", "--no-audit", "--loglevel=error"];
  const options = { cwd: root, stdio: ["ignore", "inherit", "inherit"] };
  const { status } = npm?.endsWith(".js")
    ? spawnSync(process.execPath, [npm, ...args], options)
    : spawnSync("npm", args, { ...options, shell: process.platform === "win32" });
  return status === 0;
}

/**
 * npm leaves its own record of what it put into node_modules. It differs from the lock file in optional packages of other
 * platforms, which are absent, and in nothing else that matters.
 */
function isInstalled() {
  const record = join(root, "node_modules/.package-lock.json");
  if (!existsSync(record)) return false;
  const wanted = readPackages(join(root, "package-lock.json"));
  const present = readPackages(record);
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.includes("node_modules/")) return true;
    const other = present[path];
    if (other === undefined)
      return entry.optional === true || entry.peer === true || entry.devOptional === true;
    return other.link === true ? entry.link === true : other.version === entry.version;
  });
}

function readPackages(path) {
  return JSON.parse(readFileSync(path, "utf8")).packages;
}

/** Bundles the server unless the bundle is newer than every source. @returns {boolean} false when the build failed. */
export function buildServerIfStale() {
  const script = "apps/quorate/build.mjs";
  const rooms = readdirSync(join(root, "packages")).filter((room) => !SCREENS_AND_SDK.includes(room));
  const inputs = [
    ...rooms.map((room) => `packages/${room}`),
    "apps/quorate/src",
    script,
    "package-lock.json",
  ];
  if (isFresh("apps/quorate/dist/server.cjs", inputs)) return true;
  console.log("Building the server ...");
  return runNode(script) === 0;
}

/** Rooms that are no part of the server. */
const SCREENS_AND_SDK = ["client", "console"];

/** Builds the screens and the program that serves them, each unless it is newer than its sources. @returns {boolean} false when a build failed. */
export function buildConsoleIfStale() {
  const script = "apps/console/build.mjs";
  const shared = ["packages/proto", "package-lock.json"];
  const screens = ["src", "public", "index.html", "vite.config.ts"].map((path) => `packages/console/${path}`);
  const page = "packages/console/dist/app/index.html";
  if (!isFresh(page, [...screens, ...shared])) {
    console.log("Building the console's screens ...");
    const config = join(root, "packages/console/vite.config.ts");
    if (runNode("node_modules/vite/bin/vite.js", ["build", "--config", config, "--logLevel=warn"]) !== 0) {
      return false;
    }
  }
  const program = ["packages/client", "packages/std", "apps/console/src", script, page];
  if (isFresh("apps/console/dist/console.cjs", [...program, ...shared])) return true;
  console.log("Building the console ...");
  return runNode(script) === 0;
}

/** Whether `output` is newer than everything at and below `inputs`. All paths are relative to the top folder. */
function isFresh(output, inputs) {
  const built = statSync(join(root, output), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return built > Math.max(...inputs.map((path) => newestSource(join(root, path))));
}

/** Milliseconds of the latest change below `path`, build output and packages left out; 0 for nothing. */
function newestSource(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  const names = readdirSync(path).filter((name) => name !== "node_modules" && name !== "dist");
  return names.reduce((newest, name) => Math.max(newest, newestSource(join(path, name))), 0);
}
