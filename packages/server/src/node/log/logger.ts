/**
 * Structured logs with etcd's keys, one JSON object a line (or tab-separated with the console format).
 * Field values: bigint member ids are given by callers as hex strings, durations as Go prints them.
 */
import { writeSync } from "node:fs";
import { performance } from "node:perf_hooks";
import type { LogLevel } from "../config/config.js";
import { LogFile } from "./log-file.js";
import type { RotationSettings } from "./rotation.js";

export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Logs with level fatal; the caller ends the process. */
  fatal(message: string, fields?: LogFields): void;
  /** A logger whose lines carry `logger: name`. */
  named(name: string): Logger;
  close(): void;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: "json" | "console";
  /**
   * `default` and `stderr` are standard error, `stdout` standard output, `systemd/journal` standard error with priorities that the journal
   * reads, anything else a file that is appended to.
   */
  readonly outputs: readonly string[];
  /** Of the file among the outputs. */
  readonly rotation?: RotationSettings | undefined;
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, panic: 4, fatal: 5 };
/** Of syslog, as the journal has them. */
const PRIORITY: Readonly<Record<LogLevel, number>> = {
  debug: 7,
  info: 6,
  warn: 4,
  error: 3,
  panic: 2,
  fatal: 2,
};
const STDOUT_FD = 1;
const STDERR_FD = 2;

/**
 * Lines are written synchronously: they are rare (start, stop, role changes, warnings), and a line that explains a crash
 * must not be lost in a buffer. @throws the file system's error when an output file can't be opened.
 */
export function createLogger(options: LoggerOptions): Logger {
  const files: LogFile[] = [];
  const targets: ((line: string, level: LogLevel) => void)[] = options.outputs.includes("/dev/null")
    ? []
    : options.outputs.map((output) => {
        if (output === "default" || output === "stderr") return (line) => void writeSync(STDERR_FD, line);
        if (output === "stdout") return (line) => void writeSync(STDOUT_FD, line);
        if (output === "systemd/journal")
          return (line, level) => void writeSync(STDERR_FD, `<${PRIORITY[level]}>${line}`);
        const file = new LogFile(output, options.rotation);
        files.push(file);
        return (line) => file.write(line);
      });
  const sink = (line: string, level: LogLevel): void => {
    for (const write of targets) writeLine(write, line, level);
  };
  const close = (): void => {
    for (const file of files.splice(0)) file.close();
  };
  return new LineLogger({ minimum: RANK[options.level], format: options.format, sink, close }, undefined);
}

interface LineSink {
  readonly minimum: number;
  readonly format: "json" | "console";
  readonly sink: (line: string, level: LogLevel) => void;
  readonly close: () => void;
}

class LineLogger implements Logger {
  readonly #to: LineSink;
  readonly #name: string | undefined;

  constructor(to: LineSink, name: string | undefined) {
    this.#to = to;
    this.#name = name;
  }

  debug(message: string, fields?: LogFields): void {
    this.#log("debug", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log("info", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#log("warn", message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#log("error", message, fields);
  }

  fatal(message: string, fields?: LogFields): void {
    this.#log("fatal", message, fields);
  }

  named(name: string): Logger {
    return new LineLogger(this.#to, name);
  }

  close(): void {
    this.#to.close();
  }

  #log(level: LogLevel, message: string, fields: LogFields | undefined): void {
    if (RANK[level] < this.#to.minimum) return;
    const ts = timestamp();
    const caller = callSite();
    const name = this.#name;
    if (this.#to.format === "json") {
      const head =
        name === undefined
          ? { level, ts, caller, msg: message }
          : { level, ts, logger: name, caller, msg: message };
      this.#to.sink(JSON.stringify({ ...head, ...fields }, jsonValue) + "\n", level);
    } else {
      const parts = [ts, level, ...(name === undefined ? [] : [name]), caller, message];
      if (fields !== undefined) parts.push(JSON.stringify(fields, jsonValue));
      this.#to.sink(parts.join("\t") + "\n", level);
    }
  }
}

function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  return value instanceof Error ? value.message : value;
}

/** `2006-01-02T15:04:05.000000Z`, always in UTC, with microseconds. */
function timestamp(): string {
  const microseconds = Math.floor((performance.timeOrigin + performance.now()) * 1000);
  const seconds = new Date(Math.floor(microseconds / 1000)).toISOString().slice(0, 19);
  return `${seconds}.${String(microseconds % 1_000_000).padStart(6, "0")}Z`;
}

/** `dir/file.js:line` of the code that logged. */
function callSite(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 4;
  const stack = new Error().stack ?? "";
  Error.stackTraceLimit = limit;
  const match = /([^/\\() ]+[/\\])?([^/\\() ]+:\d+):\d+\)?$/.exec(stack);
  return match === null ? "unknown:0" : `${match[1] ?? ""}${match[2] ?? ""}`;
}

function writeLine(write: (line: string, level: LogLevel) => void, line: string, level: LogLevel): void {
  try {
    write(line, level);
  } catch (error) {
    // A log that nobody reads any more (EPIPE) or that is full (EAGAIN) must not stop a store.
    if (!(error instanceof Error && "code" in error)) throw error;
  }
}
