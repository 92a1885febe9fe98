/** `npm run console -- [flags]`: the console alone, built when it is stale. The flags are the console's own; `--help` lists them. */
import { createRequire } from "node:module";
import { buildConsoleIfStale, consoleEntry, installIfStale, requireNode } from "./workspace.mjs";

requireNode();
if (!installIfStale() || !buildConsoleIfStale()) {
  console.error("The console could not be built.");
  process.exit(1);
}
createRequire(import.meta.url)(consoleEntry);
