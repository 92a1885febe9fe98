/**
 * `npm start`: one member on 127.0.0.1:2379 with its data in ./default.quorate, and the console beside it. Own options are `--no-console` and
 * `--console-listen=HOST:PORT`; all other flags after `--` are the server's own and win.
 *
 * The member starts first and does not wait for the console, and ends without it; the console ends with the member.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { startConsole } from "./start-console.mjs";
import { buildServerIfStale, installIfStale, requireNode, serverEntry } from "./workspace.mjs";

/** What a console has to end, once its member is gone. */
const CONSOLE_END_MS_MAX = 3000;
const OWN_HELP = `
npm start also takes:
  --no-console                 start the member alone
  --console-listen=HOST:PORT   where the console listens (default 127.0.0.1:2381, another port when that is taken)
`;

requireNode();
if (!installIfStale() || !buildServerIfStale()) process.exit(1);

const { own, args } = splitArguments(process.argv.slice(2));
const says = (...flags) =>
  args.some((arg) => flags.some((flag) => arg.replace(/^--?/, "").split("=")[0] === flag));
const isQuestion = says("version", "help", "h");
const dataIsPlaced = says("data-dir", "config-file") || isQuestion || process.env["ETCD_DATA_DIR"];
const child = spawn(
  process.execPath,
  [serverEntry, ...(dataIsPlaced ? [] : ["--data-dir=default.quorate"]), ...args],
  {
    stdio: "inherit",
  },
);
const console_ = isQuestion || own.noConsole ? undefined : startConsole({ args, listen: own.listen });

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
child.on("exit", (code, signal) => {
  if (says("help", "h")) console.log(OWN_HELP);
  const exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  if (console_ === undefined) process.exit(exitCode);
  setTimeout(() => process.exit(exitCode), CONSOLE_END_MS_MAX);
  console_.stop().then(() => process.exit(exitCode));
});

/** Options of this command may stand anywhere among the server's. */
function splitArguments(all) {
  const options = { noConsole: false, listen: undefined };
  const rest = [];
  for (let place = 0; place < all.length; place += 1) {
    const [, name, value] = /^--?([^=]+)(?:=(.*))?$/.exec(all[place]) ?? [];
    if (name === "no-console") options.noConsole = value !== "false";
    else if (name === "console-listen") options.listen = value ?? all[(place += 1)];
    else rest.push(all[place]);
  }
  return { own: options, args: rest };
}
