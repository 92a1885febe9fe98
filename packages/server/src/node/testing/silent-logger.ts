/** A logger for tests that are not about lines. */
import type { Logger } from "../log/logger.js";

export const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  fatal: () => undefined,
  named: () => SILENT,
  close: () => undefined,
};
