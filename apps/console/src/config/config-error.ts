/** Something in the flags, the environment or the config file that the person who wrote it can put right. The message is for them. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
