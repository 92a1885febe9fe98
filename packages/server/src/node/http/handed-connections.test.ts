import { createServer as createHttpServer, type Server as HttpServer, type ServerResponse } from "node:http";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ownConnections } from "./handed-connections.js";

const HEADERS_TIMEOUT_MS = 100;
let http: HttpServer;
let listener: Server;
let client: Socket;
let answer: string;
/** Of `/long`, which the test answers. */
let long: ServerResponse | undefined;

beforeEach(async () => {
  [answer, long] = ["", undefined];
  http = createHttpServer((request, response) => {
    if (request.url === "/long") long = response;
    else response.end("short");
  });
  ownConnections(http, HEADERS_TIMEOUT_MS);
  listener = createServer((socket) => void http.emit("connection", socket));
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo;
  client = connect(port, "127.0.0.1");
  client.on("data", (chunk: Buffer) => (answer += chunk.toString()));
});
afterEach(() => {
  client.destroy();
  http.closeAllConnections();
  listener.close();
});

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const closed = (): Promise<void> => new Promise((resolve) => client.once("close", () => resolve()));

test("a request that came together with another may take its time after the other's answer", async () => {
  client.write(get("/short") + get("/long"));
  await expect.poll(() => answer).toContain("short");
  await sleep(3 * HEADERS_TIMEOUT_MS);
  long?.end("at last");
  await expect.poll(() => answer).toContain("at last");
});

test("a connection without a request ends, from its begin or from its last answer", async () => {
  const ended = closed();
  client.write(get("/short"));
  await ended;
  expect(answer).toContain("short");
});
