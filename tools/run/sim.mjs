/** `npm run sim -- [options]`: builds what is stale, then lets simulated clusters live; `--help` lists the options. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installIfStale, requireNode, root, runNode } from "./workspace.mjs";

requireNode();
const args = process.argv.slice(2);
if (!installIfStale()) process.exit(1);
process.exit(args.includes("--mutants") ? await hunt(args.filter((arg) => arg !== "--mutants")) : simulate());

function simulate() {
  const built = runNode("node_modules/typescript/bin/tsc", ["-b", "tools/simulate/tsconfig.lib.json"]);
  if (built !== 0) return 1;
  const program = join(root, "tools/simulate/dist/main.js");
  return spawnSync(process.execPath, [program, ...args], { stdio: "inherit" }).status ?? 1;
}

/** Looks for seeds that catch mutants, and keeps them. */
async function hunt(words) {
  const { build } = await import("esbuild");
  const valueOf = (flag, otherwise) => {
    const at = words.indexOf(flag);
    return at < 0 ? otherwise : words.splice(at, 2)[1];
  };
  const first = valueOf("--from", "1");
  const count = valueOf("--count", "200");
  const scratch = mkdtempSync(join(tmpdir(), "mutants-"));
  const packages = join(root, "packages");
  const program = join(scratch, "search.cjs");
  try {
    await build({
      entryPoints: [join(packages, "sim/src/mutations/testing/search.ts")],
      outfile: program,
      bundle: true,
      platform: "node",
      format: "cjs",
      conditions: ["@quorate/source"],
      external: ["esbuild"],
      logLevel: "error",
    });
    const env = { ...process.env, NODE_PATH: join(root, "node_modules") };
    const { status } = spawnSync(process.execPath, [program, packages, first, count, ...words], {
      stdio: "inherit",
      env,
    });
    return status ?? 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
