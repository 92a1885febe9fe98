/** A member inside a Node process that is also something else: a test, a tool, an application that brings its store along. */
export { startMember } from "./embed/start-member.js";
export type { EmbeddedMember } from "./embed/start-member.js";
export type { EngineOption, MemberOptions } from "./embed/member-options.js";
export { ETCD_VERSION, QUORATE_VERSION } from "./embed/versions.js";
export { ConfigError } from "./node/config/config.js";
export type { MemberConfig } from "./node/config/config.js";
export { ListenError } from "./node/listen-check.js";
export { createLogger } from "./node/log/logger.js";
export type { Logger, LoggerOptions } from "./node/log/logger.js";
