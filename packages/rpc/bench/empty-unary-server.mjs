/**
 * A server with an empty unary handler, to measure this layer alone. Build first (`npx tsc -b packages/rpc`), then:
 *
 *   node packages/rpc/bench/empty-unary-server.mjs --body body.bin
 *   node packages/rpc/bench/empty-unary-server.mjs 50051 &
 *   h2load -n 500000 -c 100 -m 10 -H 'content-type: application/grpc' -H 'te: trailers' -d body.bin \
 *     http://127.0.0.1:50051/bench.Empty/Call
 *
 * `--body FILE` writes the request of the measurement, a message of 300 bytes, and exits.
 */
import { writeFileSync } from "node:fs";
import { createGrpcServer, listenClientPort } from "../dist/index.js";

const messageBytes = 300;

if (process.argv[2] === "--body") {
  const body = Buffer.alloc(5 + messageBytes, 0x61);
  body.writeUInt8(0, 0);
  body.writeUInt32BE(messageBytes, 1);
  writeFileSync(process.argv[3] ?? "body.bin", body);
  process.exit(0);
}

const response = Buffer.alloc(30, 0x62);
const server = createGrpcServer();
server.addService("bench.Empty", {
  Call: { kind: "unary", handler: (call) => call.reply(response) },
});
const port = await listenClientPort(server, { host: "127.0.0.1", port: Number(process.argv[2] ?? 0) });
console.log(`listening on 127.0.0.1:${port.port}`);
process.on("SIGTERM", () => process.exit(0));
process.on("SIGINT", () => process.exit(0));
