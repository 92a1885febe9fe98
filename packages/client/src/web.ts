/** The SDK in a browser: the same client over gRPC-Web. The door `@quorate/client/web`. */
export * from "./portable.js";

// The client and its transport
export { createClient } from "./web/create-client.js";
export type { CreateWebClientOptions } from "./web/create-client.js";
export { createWebTransport, PROGRESS_HEADER } from "./web/web-transport.js";
export type { WebTransportOptions } from "./web/web-transport.js";
export type { BodyReader, FetchAnswer, FetchFunction, FetchInit } from "./web/web-call.js";
