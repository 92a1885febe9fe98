import { createServer as createHttpServer, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect as connectTls } from "node:tls";
import * as grpc from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import type { InteropOptions, InteropServer } from "../testing/interop-server.js";
import { callUnary, connectClient, pass, startInteropServer, until } from "../testing/interop-server.js";
import {
  authority,
  clientCertificate,
  clientKey,
  serverCertificate,
  serverKey,
} from "../testing/certificates.js";

let echo: InteropServer | undefined;

afterEach(async () => {
  await echo?.close();
  echo = undefined;
});

async function start(options: InteropOptions): Promise<InteropServer> {
  echo = await startInteropServer(options);
  return echo;
}

const http = createHttpServer((request, response) => {
  request.resume().on("end", () => response.end(`${request.method} ${request.url}`));
});

async function get(send: typeof httpRequest, url: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    send(url, { ca: authority, method: "POST", agent: false } as object, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => {
        resolve(body);
      });
    })
      .on("error", reject)
      .end("request body");
  });
}

const tls = { cert: serverCertificate, key: serverKey };

test("gRPC and HTTP/1 share a plain port", async () => {
  const { address, server } = await start({ port: { onHttp1: (socket) => http.emit("connection", socket) } });
  const client = connectClient(address);
  expect((await callUnary(client, { method: "Unary", body: Buffer.from("h2c") })).response?.toString()).toBe(
    "h2c",
  );
  expect(await get(httpRequest, `http://${address}/health`)).toBe("POST /health");
  expect((await callUnary(client, { method: "Unary", body: Buffer.from("h2c") })).error).toBeNull();
  expect(server.counters.connectionsHttp1).toBe(1);
  client.close();
});

test("a request that comes byte by byte reaches HTTP/1 whole", async () => {
  const { port } = await start({ port: { onHttp1: (socket) => http.emit("connection", socket) } });
  const socket = connect(port.port, "127.0.0.1");
  let answer = "";
  socket.on("data", (chunk) => (answer += chunk.toString()));
  for (const byte of "PRI-ME /x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n") {
    socket.write(byte);
    await new Promise(setImmediate);
  }
  await until(() => answer.length > 0);
  expect(answer).toMatch(/^HTTP\/1\.1 /);
  socket.destroy();
});

test("without anybody for HTTP/1 such a connection is closed", async () => {
  const { address } = await start({});
  await expect(get(httpRequest, `http://${address}/`)).rejects.toThrow();
});

test("gRPC and HTTP/1 share a TLS port; who offers both protocols gets HTTP/1", async () => {
  const { address, port } = await start({
    port: { tls, onHttp1: (socket) => http.emit("connection", socket) },
  });
  const client = new grpc.Client(address, grpc.credentials.createSsl(Buffer.from(authority)));
  expect(
    (await callUnary(client, { method: "Unary", body: Buffer.alloc(100_000, 1) })).response?.length,
  ).toBe(100_000);
  expect(await get(httpsRequest, `https://${address}/version`)).toBe("POST /version");
  const both = connectTls({
    port: port.port,
    host: "127.0.0.1",
    ca: authority,
    ALPNProtocols: ["h2", "http/1.1"],
  });
  await until(() => both.alpnProtocol !== null);
  expect(both.alpnProtocol).toBe("http/1.1");
  both.destroy();
  client.close();
});

test("handlers see the common name of a verified client certificate, and none otherwise", async () => {
  const names: (string | undefined)[] = [];
  const { address } = await start({
    port: { tls: { ...tls, ca: authority, requestCert: true, rejectUnauthorized: false } },
    methods: {
      Who: {
        kind: "unary",
        handler: (call, message) => {
          names.push(call.peerCommonName);
          call.reply(message);
        },
      },
    },
  });
  const root = Buffer.from(authority);
  for (const credentials of [
    grpc.credentials.createSsl(root, Buffer.from(clientKey), Buffer.from(clientCertificate)),
    grpc.credentials.createSsl(root),
  ]) {
    const client = new grpc.Client(address, credentials);
    expect((await callUnary(client, { method: "Who", body: Buffer.alloc(1) })).error).toBeNull();
    client.close();
  }
  expect(names).toEqual(["alice", undefined]);
});

test("a failed handshake is reported, and the port lives on", async () => {
  const rejected: string[] = [];
  const { port, address } = await start({
    port: { tls, onRejected: (error) => rejected.push(error.message) },
  });
  const socket = connect(port.port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write("GET / HTTP/1.1\r\n\r\n");
  await until(() => rejected.length === 1);
  const client = new grpc.Client(address, grpc.credentials.createSsl(Buffer.from(authority)));
  expect((await callUnary(client, { method: "Unary", body: Buffer.alloc(1) })).error).toBeNull();
  client.close();
});

test("a unix socket serves like a port, and has no peer address", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "rpc-port-"));
  const peers: string[] = [];
  await start({
    port: { path: path.join(folder, "s") },
    methods: {
      Peer: {
        kind: "unary",
        handler: (call, message) => {
          peers.push(call.peer);
          call.reply(message);
        },
      },
    },
  });
  const client = connectClient(`unix:${path.join(folder, "s")}`);
  expect((await callUnary(client, { method: "Peer", body: Buffer.alloc(1) })).error).toBeNull();
  expect(peers).toEqual([""]);
  client.close();
  await rm(folder, { recursive: true });
});

test("an address that is taken rejects", async () => {
  const { port } = await start({});
  await expect(startInteropServer({ port: { host: "127.0.0.1", port: port.port } })).rejects.toThrow(
    "EADDRINUSE",
  );
});

test("connections above the limit are closed at once, and counted", async () => {
  const { address, server } = await start({ server: { connectionsMax: 1 } });
  const client = connectClient(address);
  await callUnary(client, { method: "Unary", body: Buffer.alloc(1) });
  const extra = connect(Number(address.split(":")[1]), "127.0.0.1");
  extra.on("error", () => undefined);
  await new Promise((resolve) => extra.on("close", resolve));
  expect(server.counters.connectionsRefused).toBe(1);
  expect((await callUnary(client, { method: "Unary", body: Buffer.alloc(1) })).error).toBeNull();
  client.close();
});

test("excess calls wait at the client when the number of concurrent streams is limited", async () => {
  const { address, held } = await start({ server: { maxConcurrentStreams: 2 } });
  const client = connectClient(address);
  const open = (): grpc.ClientDuplexStream<Buffer, Buffer> => {
    const call = client.makeBidiStreamRequest("/test.Echo/Hold", pass, pass);
    call.on("error", () => undefined);
    call.resume();
    return call;
  };
  open();
  open();
  await until(() => held.length === 2);
  const waiting = callUnary(client, { method: "Unary", body: Buffer.from("waited") });
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(held.length).toBe(2);
  held[0]?.end();
  expect((await waiting).response?.toString()).toBe("waited");
  client.close();
  held[1]?.end();
});
