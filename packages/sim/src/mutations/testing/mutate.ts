/** Builds the simulator with one rule of the members broken, and lets it look for the fault. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build, type Plugin } from "esbuild";
import type { Mutation } from "./mutations.js";

const packages = fileURLToPath(new URL("../../../../", import.meta.url));
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

/** @returns the first seed whose run was broken, and how; undefined when the mutant survived. */
export async function hunt(
  mutation: Mutation | undefined,
  folder: string,
  seeds: number,
): Promise<string | undefined> {
  const program = join(folder, "probe.cjs");
  await build({
    entryPoints: [fileURLToPath(new URL("./main.ts", import.meta.url))],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "cjs",
    conditions: ["@quorate/source"],
    external: ["rocksdb-native", "@node-rs/*"],
    logLevel: "error",
    plugins: mutation === undefined ? [] : [mutate(mutation)],
  });
  const { stdout } = await promisify(execFile)(process.execPath, [program, "1", String(seeds)], {
    // The database's library is looked for from here; simulated members use none.
    env: { ...process.env, NODE_PATH: join(packages, "../node_modules") },
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  return stdout.startsWith("survived") ? undefined : stdout;
}

function mutate({ file, find, replace }: Mutation): Plugin {
  const path = join(packages, file);
  return {
    name: "mutate",
    setup: (builder) => {
      builder.onLoad({ filter: /\.ts$/ }, (args) => {
        if (args.path !== path) return undefined;
        const parts = readFileSync(path, "utf8").split(find);
        if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${find}`);
        return { contents: parts.join(replace), loader: "ts" };
      });
    },
  };
}
