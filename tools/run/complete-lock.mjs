/**
 * Adds to package-lock.json the optional packages of other platforms that npm left out.
 *
 * npm drops an optional package from the lock file when the registry it asks does not have it, and `npm ci` then refuses the lock file
 * everywhere. Such packages are one per platform and carry the platform in their name, so what `npm ci` needs to know can be read
 * from there. An entry made here has no hash; only the platform that it is for will fetch it. Run by `npm run lock`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./workspace.mjs";

const systems = {
  darwin: "darwin",
  linux: "linux",
  win32: "win32",
  windows: "win32",
  freebsd: "freebsd",
  android: "android",
};
const processors = {
  x64: "x64",
  arm64: "arm64",
  aarch64: "arm64",
  ia32: "ia32",
  arm: "arm",
  armv7: "arm",
  riscv64: "riscv64",
};
const libraries = { gnu: "glibc", musl: "musl" };

const path = join(root, "package-lock.json");
const lock = JSON.parse(readFileSync(path, "utf8"));
const added = [];
for (const [owner, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (lock.packages[`${owner}/node_modules/${name}`] ?? lock.packages[`node_modules/${name}`]) continue;
    lock.packages[`node_modules/${name}`] = describePlatform(name, version, entry.dev);
    added.push(`${name}@${version}`);
  }
}
lock.packages = Object.fromEntries(
  Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en")),
);
writeFileSync(path, `${JSON.stringify(lock, undefined, 2)}\n`);
console.log(added.length === 0 ? "The lock file is complete." : `Added: ${added.join(", ")}`);

function describePlatform(name, version, dev) {
  const words = name.split(/[-/]/);
  const find = (table) => words.flatMap((word) => table[word] ?? []).slice(0, 1);
  const [os, cpu, libc] = [find(systems), find(processors), find(libraries)];
  if (os.length === 0 || cpu.length === 0 || !/^\d+\.\d+\.\d+$/.test(version))
    throw new Error(`${name}@${version} is missing from the lock file and names no platform`);
  return { version, cpu, ...(dev ? { dev } : {}), ...(libc.length > 0 ? { libc } : {}), optional: true, os };
}
