/** Builds the simulator with one rule of the members broken, and lets it look for the fault. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { build, type Plugin } from "esbuild";
import type { Mutation } from "./mutation.js";

const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

export interface Hunt {
  /** The folder of packages. */
  readonly packages: string;
  /** For the program. */
  readonly scratch: string;
  /** Undefined for members that are not broken. */
  readonly mutation: Mutation | undefined;
}

export interface Catch {
  readonly seed: number;
  /** The first line of what was broken. */
  readonly violation: string;
}

/** Runs `count` seeds, all of them with the ploy if there is one. @returns the first that was broken; undefined when the mutant survived. */
export async function hunt(
  { packages, scratch, mutation }: Hunt,
  { first, count, ploy }: { first: number; count: number; ploy?: string },
): Promise<Catch | undefined> {
  const program = join(scratch, `${mutation?.name ?? "none"}.cjs`);
  await build({
    entryPoints: [join(packages, "sim/src/mutations/testing/probe.ts")],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "cjs",
    conditions: ["@quorate/source"],
    external: ["rocksdb-native", "@node-rs/*"],
    logLevel: "error",
    plugins: mutation === undefined ? [] : [mutate(packages, mutation)],
  });
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [program, String(first), String(count), ...(ploy === undefined ? [] : [ploy])],
    // The database's library is looked for from here; simulated members use none.
    { env: { ...process.env, NODE_PATH: join(packages, "../node_modules") }, maxBuffer: OUTPUT_BYTES_MAX },
  );
  const [line = ""] = stdout.split("\n");
  if (line === "survived") return undefined;
  const space = line.indexOf(" ");
  return { seed: Number(line.slice(0, space)), violation: line.slice(space + 1) };
}

/** Breaks the rule while its files are bundled. @throws when an edit no longer fits */
export function mutate(packages: string, { edits }: Mutation): Plugin {
  const files = new Set(edits.map(({ file }) => file));
  return {
    name: "mutate",
    setup: (builder) => {
      builder.onLoad({ filter: /\.ts$/ }, (args) => {
        const file = [...files].find((each) => args.path === join(packages, each));
        if (file === undefined) return undefined;
        let text = readFileSync(args.path, "utf8");
        for (const edit of edits) {
          if (edit.file !== file) continue;
          const parts = text.split(edit.find);
          if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${edit.find}`);
          text = parts.join(edit.replace);
        }
        return { contents: text, loader: "ts" };
      });
    },
  };
}
