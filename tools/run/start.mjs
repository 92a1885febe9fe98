/**
 * `npm start`: one member on 127.0.0.1:2379 with its data in ./default.quorate. Flags after `--` are the server's own and win.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { buildServerIfStale, installIfStale, requireNode, serverEntry } from "./workspace.mjs";

requireNode();
if (!installIfStale() || !buildServerIfStale()) process.exit(1);

const args = process.argv.slice(2);
const says = (...flags) =>
  args.some((arg) => flags.some((flag) => arg.replace(/^--?/, "").split("=")[0] === flag));
const dataIsPlaced = says("data-dir", "config-file", "version", "help", "h") || process.env["ETCD_DATA_DIR"];
const child = spawn(
  process.execPath,
  [serverEntry, ...(dataIsPlaced ? [] : ["--data-dir=default.quorate"]), ...args],
  {
    stdio: "inherit",
  },
);

// A terminal sends its interrupt to the whole foreground group, so the member has it already.
const forward = (signal) => process.on(signal, () => child.kill(signal));
forward("SIGTERM");
forward("SIGHUP");
if (process.stdin.isTTY) process.on("SIGINT", () => {});
else forward("SIGINT");

child.on("error", (error) => {
  console.error(`The server did not start: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
