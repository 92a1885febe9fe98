import { createServer, type AddressInfo, type Server } from "node:net";
import { create, etcdserverpb, fromBinary, toBinary } from "@quorate/proto";
import { createGrpcServer, GrpcStatus, type GrpcServer } from "@quorate/rpc";
import { afterEach, expect, test } from "vitest";
import { RegistryClient } from "./registry-client.js";

let grpc: GrpcServer;
let listener: Server;
let store: RegistryClient;
afterEach(() => {
  store.close();
  grpc.close();
  listener.close();
});

/** A registry with one user, whose tokens are good until `forget`. */
async function openRegistry(): Promise<{ readonly logins: () => number; forget(): void }> {
  let logins = 0;
  let good = "";
  grpc = createGrpcServer();
  grpc.addService("etcdserverpb.Auth", {
    Authenticate: {
      kind: "unary",
      handler: (call, message) => {
        const { name, password } = fromBinary(etcdserverpb.AuthenticateRequestSchema, message);
        if (name !== "joiner" || password !== "secret")
          return call.fail(GrpcStatus.invalidArgument, "etcdserver: authentication failed");
        logins += 1;
        good = `token${logins}`;
        const schema = etcdserverpb.AuthenticateResponseSchema;
        call.reply(toBinary(schema, create(schema, { token: good })));
      },
    },
  });
  grpc.addService("etcdserverpb.KV", {
    Range: {
      kind: "unary",
      handler: (call) => {
        if (call.metadata.get("token") !== good)
          return call.fail(GrpcStatus.unauthenticated, "etcdserver: invalid auth token");
        const schema = etcdserverpb.RangeResponseSchema;
        call.reply(toBinary(schema, create(schema, {})));
      },
    },
  });
  listener = createServer({ allowHalfOpen: true }, (socket) => grpc.handleSocket(socket));
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return { logins: () => logins, forget: () => void (good = "another") };
}

async function openStore(password: string): Promise<void> {
  const { port } = listener.address() as AddressInfo;
  store = await RegistryClient.open({
    token: "t",
    endpoints: [{ host: "127.0.0.1", port, isSecure: false }],
    dialTimeoutMs: 5000,
    requestTimeoutMs: 5000,
    keepaliveTimeMs: 5000,
    keepaliveTimeoutMs: 5000,
    insecureTransport: true,
    skipVerify: false,
    caFile: "",
    certFile: "",
    keyFile: "",
    user: "joiner",
    password,
  });
}

test("who waits logs in once, and again when its token has ended", async () => {
  const registry = await openRegistry();
  await openStore("secret");
  for (let look = 0; look < 5; look++) expect(await store.list("/members")).toEqual([]);
  expect(registry.logins()).toBe(1);
  registry.forget();
  expect(await store.get("/size")).toBeUndefined();
  expect(await store.get("/size")).toBeUndefined();
  expect(registry.logins()).toBe(2);
});

test("a wrong password is told of, and is no token", async () => {
  const registry = await openRegistry();
  await openStore("guessed");
  for (let attempt = 0; attempt < 2; attempt++)
    await expect(store.get("/size")).rejects.toThrow("etcdserver: authentication failed");
  expect(registry.logins()).toBe(0);
});
