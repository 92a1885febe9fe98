/** A member on Node, ready to be started. Its configuration has a door of its own, `./config`, which loads nothing else. */
export { startServer } from "./node/start-server.js";
export type { RunningServer, StartOptions } from "./node/start-server.js";
