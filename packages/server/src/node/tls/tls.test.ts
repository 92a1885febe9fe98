import { existsSync, statSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type ConnectionOptions } from "node:tls";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  freePorts,
  startWithFlags,
  type FlaggedOptions,
  type FlaggedServer,
} from "../testing/start-with-flags.js";
import { Authority, writePair, type Identity } from "./testing/certificates.js";

const LOCAL = ["127.0.0.1", "localhost"];

let directory: string;
let authority: Authority;
let ca: string;
let serverFlags: string[];
let alice: Identity;
let server: FlaggedServer | undefined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "tls-"));
  authority = new Authority("authority");
  ca = join(directory, "ca.crt");
  await writeFile(ca, authority.cert);
  const pair = await writePair(directory, "server", authority.issue("server", LOCAL));
  serverFlags = [`--cert-file=${pair.cert}`, `--key-file=${pair.key}`];
  alice = authority.issue("alice", LOCAL);
});

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

afterAll(() => rm(directory, { recursive: true }));

async function start(options: FlaggedOptions): Promise<FlaggedServer> {
  return (server = await startWithFlags(options));
}

/** What a GET over TLS brings, or the error it ends with. */
function get(port: number, path: string, options: ConnectionOptions = {}): Promise<string> {
  return new Promise((resolve) => {
    const { cert, key, minVersion, maxVersion, ciphers, ca: trusted = authority.cert } = options;
    const call = request(
      {
        host: "127.0.0.1",
        port,
        path,
        ca: trusted,
        cert,
        key,
        minVersion,
        maxVersion,
        ciphers,
        agent: false,
      },
      (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => (text += chunk.toString()));
        response.on("end", () => resolve(text));
        response.on("error", (error) => resolve(`error ${error.message}`));
      },
    );
    call.on("error", (error) => resolve(`error ${error.message}`));
    call.end();
  });
}

const WELL = '{"health":"true","reason":""}';

test("with a certificate alone anybody is served over TLS, and says so in the log", async () => {
  const { clientPort, log } = await start({ clientScheme: "https", flags: serverFlags });
  expect(await get(clientPort, "/health")).toBe(WELL);
  expect(await get(clientPort, "/health", { ca: new Authority("other").cert })).toMatch(/^error/);
  expect(log.some((line) => line.includes("serving client traffic securely"))).toBe(true);
});

test("gRPC is spoken with those that ask for h2, HTTP/1.1 with all others", async () => {
  const { clientPort } = await start({ clientScheme: "https", flags: serverFlags });
  const agreed = (ALPNProtocols: string[]): Promise<string | false | null> =>
    new Promise((resolve, reject) => {
      const socket = connect(
        { host: "127.0.0.1", port: clientPort, ca: authority.cert, ALPNProtocols },
        () => {
          resolve(socket.alpnProtocol);
          socket.destroy();
        },
      );
      socket.on("error", reject);
    });
  expect(await agreed(["h2"])).toBe("h2");
  expect(await agreed(["h2", "http/1.1"])).toBe("http/1.1");
  expect(await get(clientPort, "/version")).toContain('"etcdserver":"3.7.0"');
});

test.each([
  ["an authority alone", [] as string[]],
  ["--client-cert-auth", ["--client-cert-auth"]],
])("with %s, only clients with a certificate of the authority are served", async (_what, more) => {
  const flags = [...serverFlags, `--trusted-ca-file=${ca}`, ...more];
  const { clientPort, log } = await start({ clientScheme: "https", flags });
  expect(await get(clientPort, "/health", alice)).toBe(WELL);
  expect(await get(clientPort, "/health")).toMatch(/^error/);
  const stranger = new Authority("stranger").issue("alice", LOCAL);
  expect(await get(clientPort, "/health", stranger)).toMatch(/^error/);
  const expired = authority.issue("late", LOCAL, -1000);
  expect(await get(clientPort, "/health", expired)).toMatch(/^error/);
  expect(log.filter((line) => line.startsWith("warn rejected connection on client endpoint")).length).toBe(3);
});

test("a revoked certificate is refused as soon as the list names it, on HTTP and gRPC listeners alike", async () => {
  const list = join(directory, "revoked.crl");
  await writeFile(list, authority.revoke([]));
  const flags = [...serverFlags, `--trusted-ca-file=${ca}`, `--client-crl-file=${list}`];
  const { clientPort, log } = await start({ clientScheme: "https", flags });
  const bob = authority.issue("bob", LOCAL);
  expect(await get(clientPort, "/health", bob)).toBe(WELL);
  await writeFile(list, authority.revoke([bob.serial]));
  expect(await get(clientPort, "/health", bob)).toMatch(/^error/);
  expect(await get(clientPort, "/health", alice)).toBe(WELL);
  expect(log.join("\n")).toContain(`certificate serial ${bob.serial} revoked`);
  const ended = await new Promise<string>((resolve) => {
    const { cert, key } = bob;
    const socket = connect({
      host: "127.0.0.1",
      port: clientPort,
      ca: authority.cert,
      cert,
      key,
      ALPNProtocols: ["h2"],
    });
    socket.on("close", () => resolve("closed"));
    socket.on("error", () => undefined);
    socket.resume();
  });
  expect(ended).toBe("closed");
});

test("a list of revoked certificates that is not one refuses everybody rather than nobody", async () => {
  const list = join(directory, "broken.crl");
  await writeFile(list, "nonsense");
  const flags = [...serverFlags, `--trusted-ca-file=${ca}`, `--client-crl-file=${list}`];
  const { clientPort } = await start({ clientScheme: "https", flags });
  expect(await get(clientPort, "/health", alice)).toMatch(/^error/);
});

test("only names on the list of allowed hosts are let in", async () => {
  const flags = [
    ...serverFlags,
    `--trusted-ca-file=${ca}`,
    "--client-cert-allowed-hostname=good.example,other.example",
  ];
  const { clientPort, log } = await start({ clientScheme: "https", flags });
  expect(await get(clientPort, "/health", authority.issue("x", ["good.example"]))).toBe(WELL);
  expect(await get(clientPort, "/health", authority.issue("good.example", ["bad.example"]))).toMatch(
    /^error/,
  );
  expect(log.join("\n")).toContain("client certificate authentication failed");
});

test("a certificate that is replaced on disk is shown from the next handshake on", async () => {
  const own = await mkdtemp(join(directory, "own-"));
  const first = authority.issue("first", LOCAL);
  const pair = await writePair(own, "server", first);
  const flags = [`--cert-file=${pair.cert}`, `--key-file=${pair.key}`];
  const { clientPort } = await start({ clientScheme: "https", flags });
  const shown = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port: clientPort, ca: authority.cert }, () => {
        resolve(socket.getPeerCertificate().subject.CN);
        socket.destroy();
      });
      socket.on("error", reject);
    });
  expect(await shown()).toBe("first");
  await writePair(own, "server", authority.issue("second", LOCAL));
  expect(await shown()).toBe("second");
});

test("plain HTTP on a TLS port gets no answer, and others are served all the while", async () => {
  const { clientPort, log } = await start({ clientScheme: "https", flags: serverFlags });
  const silent = connectTcp(clientPort, "127.0.0.1");
  const answer = await new Promise<string>((resolve) => {
    let text = "";
    const socket = connectTcp(clientPort, "127.0.0.1", () =>
      socket.write("GET /health HTTP/1.1\r\nHost: x\r\n\r\n"),
    );
    socket.on("data", (chunk) => (text += chunk.toString("latin1")));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(text));
  });
  expect(answer).not.toContain("HTTP");
  expect(await get(clientPort, "/health")).toBe(WELL);
  silent.destroy();
  expect(log.join("\n")).toContain("tls: first record does not look like a TLS handshake");
});

test("versions and suites are those of the flags", async () => {
  const { clientPort } = await start({
    clientScheme: "https",
    flags: [
      ...serverFlags,
      "--cipher-suites=TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
      "--tls-max-version=TLS1.2",
    ],
  });
  expect(await get(clientPort, "/health", { maxVersion: "TLSv1.2" })).toBe(WELL);
  expect(await get(clientPort, "/health", { minVersion: "TLSv1.3" })).toMatch(/^error/);
  expect(
    await get(clientPort, "/health", { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" }),
  ).toMatch(/^error/);
});

test("one address may be given as http and as https: the first byte decides", async () => {
  const [clientPort = 0] = await freePorts(1);
  const urls = ["http", "https"].map((scheme) => `${scheme}://127.0.0.1:${String(clientPort)}`).join(",");
  await start({ clientPort, flags: [...serverFlags, `--listen-client-urls=${urls}`] });
  expect(await get(clientPort, "/health")).toBe(WELL);
  expect(await (await fetch(`http://127.0.0.1:${String(clientPort)}/health`)).text()).toBe(WELL);
});

test("--auto-tls makes a certificate once, where etcd keeps it, readable by the owner alone", async () => {
  const { clientPort, dataDir } = await start({ clientScheme: "https", flags: ["--auto-tls"] });
  const cert = join(dataDir, "fixtures", "client", "cert.pem");
  const key = join(dataDir, "fixtures", "client", "key.pem");
  expect(existsSync(cert)).toBe(true);
  expect(statSync(key).mode & 0o777).toBe(0o600);
  expect(await get(clientPort, "/health", { ca: await readFile(cert, "utf8") })).toBe(WELL);
});
