/** Of the console, as browsers and `--version` are told. */
export const CONSOLE_VERSION = "0.1.0";
