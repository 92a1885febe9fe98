/** `npm run sim -- [options]`: builds what is stale, then lets simulated clusters live; `--help` lists the options. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { installIfStale, requireNode, root, runNode } from "./workspace.mjs";

requireNode();
if (!installIfStale() || runNode("node_modules/typescript/bin/tsc", ["-b", "tools/simulate"]) !== 0)
  process.exit(1);
const { status } = spawnSync(
  process.execPath,
  [join(root, "tools/simulate/dist/main.js"), ...process.argv.slice(2)],
  { stdio: "inherit" },
);
process.exit(status ?? 1);
