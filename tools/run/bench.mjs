/** `npm run bench -- [options]`: builds what is stale, then measures; `--help` lists the options. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { buildServerIfStale, installIfStale, requireNode, root, runNode } from "./workspace.mjs";

requireNode();
const args = process.argv.slice(2);
const needsServer = !args.some((arg) => arg === "--help" || arg === "--micro" || arg.endsWith("etcd,etcd"));
const built =
  installIfStale() &&
  runNode("node_modules/typescript/bin/tsc", args.includes("--micro") ? ["-b"] : ["-b", "tools/bench"]) ===
    0 &&
  (!needsServer || buildServerIfStale());
if (!built) process.exit(1);

const { status } = spawnSync(process.execPath, [join(root, "tools/bench/dist/main.js"), ...args], {
  stdio: "inherit",
});
process.exit(status ?? 1);
