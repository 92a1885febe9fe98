/** Runs the micro-benchmarks that packages keep in their `bench` folders: Node scripts on the built packages, one process each. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const packages: string = fileURLToPath(new URL("../../../packages/", import.meta.url));

/** Longer is no micro-benchmark. */
const timeoutMs = 120_000;

/** @returns the exit code: 0 when all ran to their end. */
export function runMicroBenchmarks(): number {
  const failed = readdirSync(packages)
    .sort()
    .flatMap((name) => benchmarksOf(name).filter((file) => !runs(name, file)));
  if (failed.length > 0) console.log(`\nFailed: ${failed.join(", ")}`);
  return failed.length === 0 ? 0 : 1;
}

/** Scripts that end by themselves; a `-server` is something to put load on. */
function benchmarksOf(name: string): readonly string[] {
  const folder = join(packages, name, "bench");
  if (!existsSync(folder)) return [];
  const scripts = readdirSync(folder).filter(
    (file) => file.endsWith(".mjs") && !file.endsWith("-server.mjs"),
  );
  return scripts.sort().map((file) => join("bench", file));
}

function runs(name: string, file: string): boolean {
  console.log(`\n== ${name}: ${file}`);
  const { status } = spawnSync(process.execPath, ["--expose-gc", file], {
    cwd: join(packages, name),
    stdio: ["ignore", "inherit", "inherit"],
    timeout: timeoutMs,
  });
  return status === 0;
}
