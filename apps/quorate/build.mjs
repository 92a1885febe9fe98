/**
 * Builds the server into `dist/`: the server, the threads of its database and of passwords, a loader, and V8's code cache of the server, so that
 * a start does not compile.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");

mkdirSync(dist, { recursive: true });
const shared = {
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  conditions: ["@quorate/source"],
  // Both find their prebuilt libraries beside themselves.
  external: ["rocksdb-native", "@node-rs/bcrypt"],
  sourcemap: true,
  sourcesContent: false,
  legalComments: "none",
};
await build({ ...shared, entryPoints: [join(here, "src/main.ts")], outfile: join(dist, "server.cjs") });
await build({
  ...shared,
  entryPoints: [join(here, "../../packages/storage/src/rocks/engine-thread.ts")],
  outfile: join(dist, "engine-thread.cjs"),
});
await build({
  ...shared,
  entryPoints: [join(here, "../../packages/server/src/auth/password-thread.ts")],
  outfile: join(dist, "password-thread.cjs"),
});
copyFileSync(join(here, "src/loader.mjs"), join(dist, "quorate.js"));
execFileSync(process.execPath, [join(dist, "quorate.js"), "--write-code-cache"], { stdio: "inherit" });
