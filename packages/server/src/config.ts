/** Flags, environment, configuration and logs: what a program needs before it decides to start a member. */
export { ConfigError, resolveConfig } from "./node/config/config.js";
export type { MemberConfig } from "./node/config/config.js";
export { helpText } from "./node/config/help-text.js";
export { parseFlags } from "./node/config/parse-flags.js";
export type { FlagTexts, ParsedFlags } from "./node/config/parse-flags.js";
export { createLogger } from "./node/log/logger.js";
export type { Logger } from "./node/log/logger.js";
