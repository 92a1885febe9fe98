/**
 * Structured logs with etcd's keys, one JSON object a line (or tab-separated with the console format).
 * Field values: bigint member ids are given by callers as hex strings, durations as Go prints them.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { performance } from "node:perf_hooks";
import type { LogLevel } from "../config/config.js";

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
  /** `default` and `stderr` are standard error, `stdout` standard output, anything else a file that is appended to. */
  readonly outputs: readonly string[];
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, panic: 4, fatal: 5 };
const STDOUT_FD = 1;
const STDERR_FD = 2;

/**
 * Lines are written synchronously: they are rare (start, stop, role changes, warnings), and a line that explains a crash
 * must not be lost in a buffer. @throws the file system's error when an output file can't be opened.
 */
export function createLogger(options: LoggerOptions): Logger {
  const files: number[] = [];
  const targets = options.outputs.includes("/dev/null")
    ? []
    : options.outputs.map((output) => {
        if (output === "default" || output === "stderr") return STDERR_FD;
        if (output === "stdout") return STDOUT_FD;
        const fd = openSync(output, "a", 0o600);
        files.push(fd);
        return fd;
      });
  const sink = (line: string): void => {
    for (const fd of targets) writeLine(fd, line);
  };
  const close = (): void => {
    for (const fd of files.splice(0)) closeSync(fd);
  };
  return new LineLogger({ minimum: RANK[options.level], format: options.format, sink, close }, undefined);
}

interface LineSink {
  readonly minimum: number;
  readonly format: "json" | "console";
  readonly sink: (line: string) => void;
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
      this.#to.sink(JSON.stringify({ ...head, ...fields }, jsonValue) + "\n");
    } else {
      const parts = [ts, level, ...(name === undefined ? [] : [name]), caller, message];
      if (fields !== undefined) parts.push(JSON.stringify(fields, jsonValue));
      this.#to.sink(parts.join("\t") + "\n");
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

function writeLine(fd: number, line: string): void {
  try {
    writeSync(fd, line);
  } catch (error) {
    // A log that nobody reads any more (EPIPE) or that is full (EAGAIN) must not stop a store.
    if (!(error instanceof Error && "code" in error)) throw error;
  }
}
