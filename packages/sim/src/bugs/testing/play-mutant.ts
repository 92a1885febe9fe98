/** Builds the simulator with a bug of others in our own code, and plays the scripts that have to show it. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { build, type Plugin } from "esbuild";
import type { Edit } from "../../mutations/testing/mutation.js";

const PLAY_MS_MAX = 60_000;

export interface MutantRun {
  /** The folder of packages. */
  readonly packages: string;
  /** Where the program is put. */
  readonly program: string;
  readonly edits: readonly Edit[];
  readonly bugs: readonly string[];
}

/** @returns a line for each script: its name, and what it found, or `sound`. */
export async function playMutant({ packages, program, edits, bugs }: MutantRun): Promise<string[]> {
  await build({
    entryPoints: [join(packages, "sim/src/bugs/testing/play.ts")],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "cjs",
    conditions: ["@quorate/source"],
    external: ["rocksdb-native", "@node-rs/*"],
    logLevel: "error",
    plugins: [mutate(packages, edits)],
  });
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...bugs], {
    // The database's library is looked for from here; simulated members use none.
    env: { ...process.env, NODE_PATH: join(packages, "../node_modules") },
    timeout: PLAY_MS_MAX,
  });
  return stdout.trimEnd().split("\n");
}

function mutate(packages: string, edits: readonly Edit[]): Plugin {
  return {
    name: "mutate",
    setup: (builder) => {
      builder.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const own = edits.filter(({ file }) => join(packages, file) === path);
        if (own.length === 0) return undefined;
        let text = readFileSync(path, "utf8");
        for (const { file, find, replace } of own) {
          const parts = text.split(find);
          if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${find}`);
          text = parts.join(replace);
        }
        return { contents: text, loader: "ts" };
      });
    },
  };
}
