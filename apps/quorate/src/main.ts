/**
 * The server binary: reads flags and environment, starts one member, and stops it on SIGTERM or SIGINT.
 *
 * Exit codes are etcd's: 0 for --version and --help, 2 for a flag that does not exist or can't be read, 1 for a configuration
 * or a start that failed; after a signal the process dies of that signal, so that supervisors see it.
 */
import { join } from "node:path";
import {
  ConfigError,
  createLogger,
  helpText,
  parseFlags,
  resolveConfig,
  type Logger,
  type MemberConfig,
} from "@quorate/server/config";
import type { RunningServer, StartOptions } from "@quorate/server";
import { notifySupervisor } from "./notify-supervisor.js";
import { ETCD_VERSION, QUORATE_VERSION, versionText } from "./version.js";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

function main(): void {
  const parsed = parseFlags(process.argv.slice(2), process.env);
  switch (parsed.kind) {
    case "version":
      process.stdout.write(versionText());
      return;
    case "help":
      process.stdout.write(helpText());
      return;
    case "error":
      process.stderr.write(`${parsed.message}\n`);
      if (parsed.exitCode === EXIT_USAGE)
        process.stderr.write("Run 'quorate --help' for the list of flags.\n");
      process.exitCode = parsed.exitCode;
      return;
    case "run":
      return run(parsed.given, parsed.warnings);
  }
}

function run(given: ReadonlyMap<string, string>, warnings: readonly string[]): void {
  let config: MemberConfig;
  let logger: Logger;
  try {
    config = resolveConfig(given);
    logger = createLogger({
      level: config.logLevel,
      format: config.logFormat,
      outputs: config.logOutputs,
      rotation: config.logRotation,
    });
  } catch (error) {
    if (!(error instanceof ConfigError) && !isSystemError(error)) throw error;
    const stderr = createLogger({ level: "info", format: "json", outputs: ["stderr"] });
    stderr.warn("failed to verify flags", { error });
    process.exitCode = EXIT_FAILED;
    return;
  }
  for (const warning of [...warnings, ...config.warnings]) logger.warn(warning);
  serve(config, logger);
}

function serve(config: MemberConfig, logger: Logger): void {
  const fail = (message: string, error: unknown): void => {
    logger.fatal(message, { error });
    process.exit(EXIT_FAILED);
  };
  process.on("uncaughtException", (error) =>
    fail("the member met an unexpected error and stops", error.stack),
  );
  process.on("unhandledRejection", (error) =>
    fail("the member met an unexpected error and stops", error instanceof Error ? error.stack : error),
  );
  let running: RunningServer | undefined;
  const starting = start(config, logger, {
    onFatal: (error) => fail("the member can't go on and stops", error.stack),
    onRemoved: () => {
      logger.error("server error", { error: "the member has been permanently removed from the cluster" });
      logger.warn("data-dir used by this member must be removed", { "data-dir": config.dataDir });
      // What it still has is of no use to anybody, so a member that is not yet serving can go at once.
      (running?.stop() ?? Promise.resolve()).then(
        () => process.exit(0),
        (error: unknown) => fail("the stop failed", error),
      );
    },
  });
  starting.then(
    (server) => {
      running = server;
      notifySupervisor(logger);
    },
    (error: unknown) => fail(startFailure(error), error),
  );
  // Those that rotate logs send them by habit. Node would open its inspector at the one, to every user of the machine, and end at the other.
  for (const signal of ["SIGUSR1", "SIGUSR2"] as const) process.on(signal, () => undefined);
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      logger.info("received signal; shutting down", { signal });
      // Nothing has been acknowledged before the start is complete, and what is on disk bears an end at any moment.
      if (running === undefined) return dieOf(signal);
      // Further signals during the stop are ignored; a listener keeps the default action away.
      process.on(signal, () => undefined);
      running.stop().then(
        () => dieOf(signal),
        (error: unknown) => fail("the stop failed", error),
      );
    });
  }
}

/** etcd's words for the failures that scripts look for. */
function startFailure(error: unknown): string {
  const name = error instanceof Error ? error.name : "";
  if (name === "ListenError") return "listener failed";
  return name === "BootstrapError" ? "discovery failed" : "the member could not start";
}

/** The server is loaded only when it is wanted: `--version` has no use for it. */
async function start(
  config: MemberConfig,
  logger: Logger,
  listeners: Pick<StartOptions, "onFatal" | "onRemoved">,
): Promise<RunningServer> {
  const { startServer } = await import("@quorate/server");
  return startServer({
    config,
    logger,
    versions: { etcd: ETCD_VERSION, quorate: QUORATE_VERSION },
    engineThreadFile: join(__dirname, "engine-thread.cjs"),
    passwordThreadFile: join(__dirname, "password-thread.cjs"),
    ...listeners,
  });
}

/** Supervisors see an end by the signal they sent; the first process of a container can't be killed by its own. */
function dieOf(signal: "SIGTERM" | "SIGINT"): void {
  process.removeAllListeners(signal);
  if (process.pid === 1) process.exit(0);
  process.kill(process.pid, signal);
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

main();
