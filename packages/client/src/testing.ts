/** A real single member in this process, for tests of whoever uses the SDK. */
export { startTestServer } from "./testing/test-server.js";
export type { TestClientOptions, TestServer, TestServerOptions } from "./testing/test-server.js";
