/** A member inside another program says nothing unless it is given a logger: standard error belongs to that program. */
import type { Logger } from "../node/log/logger.js";

const nothing = (): void => undefined;

export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
  named: () => silentLogger,
  close: nothing,
};
