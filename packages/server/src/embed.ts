/** A member inside a Node process that is also something else. */
export { startServer } from "./node/start-server.js";
