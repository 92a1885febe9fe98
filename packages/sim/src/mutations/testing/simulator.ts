/** `npm run sim` of members with a rule broken, as an operator of the simulator would run it. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";
import { mutate } from "./mutate.js";
import type { Mutation } from "./mutation.js";

const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

export interface Printed {
  readonly code: number;
  readonly stdout: string;
}

/** @param places the folder of packages, and an empty one for the program. @returns runs it with some options */
export async function buildSimulator(
  places: { readonly packages: string; readonly scratch: string },
  mutation: Mutation,
): Promise<(...options: readonly string[]) => Promise<Printed>> {
  const { packages, scratch } = places;
  writeFileSync(join(scratch, "package.json"), '{ "type": "module" }\n');
  const source = join(packages, "../tools/simulate/src");
  await build({
    entryPoints: [join(source, "main.ts"), join(source, "worker.ts")],
    outdir: scratch,
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["@quorate/source"],
    banner: {
      js: 'import { createRequire as from } from "node:module"; const require = from(import.meta.url);',
    },
    logLevel: "error",
    plugins: [mutate(packages, mutation), findInstalled(packages)],
  });
  return (...options) =>
    new Promise((resolve) => {
      const args = [join(scratch, "main.js"), ...options];
      execFile(process.execPath, args, { maxBuffer: OUTPUT_BYTES_MAX }, (error, stdout) =>
        resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout }),
      );
    });
}

/** Native libraries are loaded from where they are installed; simulated members use none. */
function findInstalled(packages: string): Plugin {
  const installed = createRequire(join(packages, "package.json"));
  return {
    name: "find-installed",
    setup: (builder) => {
      builder.onResolve({ filter: /^(rocksdb-native|@node-rs\/)/ }, ({ path }) => ({
        path: pathToFileURL(installed.resolve(path)).href,
        external: true,
      }));
    },
  };
}
