/** Member driver, API services, Node adapters. */
export { ConfigError, resolveConfig } from "./node/config/config.js";
export type { MemberConfig } from "./node/config/config.js";
export { helpText } from "./node/config/help-text.js";
export { parseFlags } from "./node/config/parse-flags.js";
export type { FlagTexts, ParsedFlags } from "./node/config/parse-flags.js";
export { createLogger } from "./node/log/logger.js";
export type { Logger } from "./node/log/logger.js";
export { startServer } from "./node/start-server.js";
export type { RunningServer, StartOptions } from "./node/start-server.js";
