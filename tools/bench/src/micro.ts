/** Runs the micro-benchmarks that packages keep in their `bench` folders, one process each. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const packages = fileURLToPath(new URL("../../../packages/", import.meta.url));

/** @returns the exit code: 0 when all ran. */
export async function runMicroBenchmarks(): Promise<number> {
  let failures = 0;
  for (const name of readdirSync(packages).sort()) {
    const folder = join(packages, name, "bench");
    if (!existsSync(folder)) continue;
    for (const file of readdirSync(folder)
      .filter((each) => /\.(ts|mjs)$/.test(each))
      .sort()) {
      console.log(`\n== ${name}: ${file}`);
      if ((await runOne(join(packages, name), file)) !== 0) failures++;
    }
  }
  return failures === 0 ? 0 : 1;
}

/** Bundled first, so that a benchmark measures what the server's bundle contains; native libraries stay outside. */
async function runOne(packageFolder: string, file: string): Promise<number> {
  const output = join(packageFolder, "dist/bench", file.replace(/\.\w+$/, ".mjs"));
  mkdirSync(join(packageFolder, "dist/bench"), { recursive: true });
  await build({
    entryPoints: [join(packageFolder, "bench", file)],
    outfile: output,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    conditions: ["@quorate/source"],
    packages: "bundle",
    external: ["rocksdb-native", "@grpc/grpc-js"],
    logLevel: "warning",
  });
  const { status } = spawnSync(process.execPath, ["--expose-gc", output], {
    cwd: packageFolder,
    stdio: ["ignore", "inherit", "inherit"],
  });
  rmSync(output, { force: true });
  return status ?? 1;
}
