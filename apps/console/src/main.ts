/**
 * Serves the web console and forwards its calls to clusters.
 *
 * Prints its URL when it listens, and who may log in. Ends on SIGINT and SIGTERM, and with its standard input if asked to. Exit codes: 0 for --help, --version and an end
 * by signal, 2 for flags or files that can not be used, 1 for a start that failed.
 */
import { join } from "node:path";
import { connectWithSdk } from "./clusters/connect-with-sdk.js";
import { ConfigError } from "./config/config-error.js";
import type { ConsoleOptions } from "./config/console-options.js";
import { HELP_TEXT, PASSWORD_VARIABLE } from "./config/help.js";
import { parseFlags } from "./config/parse-flags.js";
import type { ParsedFlags } from "./config/parse-flags.js";
import { startLines } from "./config/start-lines.js";
import { startConsole } from "./console-server.js";
import { createPasswordHash, formatPasswordHash } from "./login/password.js";
import { CONSOLE_VERSION } from "./version.js";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

async function main(): Promise<void> {
  let parsed: ParsedFlags;
  try {
    // The build puts the screens beside the program.
    const uiFolder = join(__dirname, "app");
    parsed = await parseFlags(process.argv.slice(2), { env: process.env, uiFolder });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(`${error.message}\nquorate-console --help lists the flags.`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  // Programs that this one starts, and whoever may list processes, need not know it.
  delete process.env[PASSWORD_VARIABLE];
  switch (parsed.kind) {
    case "help":
      console.log(HELP_TEXT);
      return;
    case "version":
      console.log(`quorate-console ${CONSOLE_VERSION}`);
      return;
    case "hash-password":
      return hashPassword();
    case "run":
      return run(parsed.options);
  }
}

async function hashPassword(): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
  const password = Buffer.concat(chunks)
    .toString("utf8")
    .replace(/\r?\n$/, "");
  if (password === "") {
    console.error("no password came from standard input");
    process.exitCode = EXIT_USAGE;
    return;
  }
  console.log(formatPasswordHash(await createPasswordHash(password)));
}

async function run(options: ConsoleOptions): Promise<void> {
  const running = await startConsole(options, connectWithSdk);
  const { out, warnings } = startLines(options, running.url);
  for (const line of out) console.log(line);
  for (const line of warnings) console.warn(line);
  let isStopping = false;
  const stop = (): void => {
    if (isStopping) process.exit(0);
    isStopping = true;
    running.stop().then(
      () => process.exit(0),
      () => process.exit(EXIT_FAILED),
    );
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  if (!options.endsWithStdin) return;
  process.stdin.on("end", stop);
  process.stdin.on("error", stop);
  process.stdin.resume();
}

main().catch((error: unknown) => {
  console.error(`The console did not start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(EXIT_FAILED);
});
