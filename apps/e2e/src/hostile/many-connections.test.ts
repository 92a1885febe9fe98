/** Clients that cost little and want the server to pay: idle ones, slow ones, and those that never finish a handshake. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AuthorityFiles } from "../harness/certificate-files.js";
import { expectAlive } from "../harness/expect-alive.js";
import { findFreePort } from "../harness/free-port.js";
import { Member } from "../harness/member.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { HTTP2_PREFACE, openSocket } from "../harness/raw-connection.js";
import { readResidentBytes } from "../harness/read-resident-bytes.js";
import { useMember } from "../harness/use-member.js";

const IDLE_WANTED = 10_000;
/** Files that server and test need besides. */
const FILES_SPARE = 500;
/** What an idle connection may cost the process. */
const BYTES_EACH_MAX = 32 * 1024;
const SLOW_CONNECTIONS = 400;
const UNFINISHED_HANDSHAKES = 500;
/** etcd gives a handshake ten seconds. */
const HANDSHAKES_GONE_MS_MAX = 30_000;
const GUESSES = 2_000;

const suite = "many connections";

async function openMany(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const batch = Math.min(250, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: batch }, () => openSocket(port)))));
  }
  return sockets;
}

/** How many files a process may open here. */
function filesMax(): number {
  const text = execFileSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" }).trim();
  return text === "unlimited" ? Infinity : Number(text);
}

describe.skipIf(missesPrograms(suite, [subjectKind]))(suite, () => {
  const member = useMember({ kind: subjectKind });

  it("10 000 idle connections: others are served, and each costs little", async () => {
    const count = Math.min(IDLE_WANTED, filesMax() - FILES_SPARE);
    if (count < IDLE_WANTED)
      console.warn(`only ${count} idle connections: a process may open no more files here`);
    await expectAlive(member());
    const before = readResidentBytes(member());
    const sockets = await openMany(member().clientPort, count);
    // Some have begun to speak HTTP/2 and have a connection's state there.
    for (const socket of sockets.slice(0, count / 2)) socket.write(HTTP2_PREFACE);
    await sleep(500);
    await expectAlive(member());
    const each = (readResidentBytes(member()) - before) / count;
    expect(each).toBeLessThan(BYTES_EACH_MAX);
    for (const socket of sockets) socket.destroy();
    await expectAlive(member());
  });

  it("requests that come byte by byte, on the client's and on the peers' port", async () => {
    const heads = [
      "GET /version HTTP/1.1\r\nHost: a\r\nX-Slow: ",
      "POST /v3/kv/range HTTP/1.1\r\nContent-Length: 900\r\n\r\n{",
    ];
    const sockets = [
      ...(await openMany(member().clientPort, SLOW_CONNECTIONS)),
      ...(await openMany(member().peerPort, SLOW_CONNECTIONS / 4)),
    ];
    for (const [place, socket] of sockets.entries()) socket.write(heads[place % heads.length] ?? "");
    for (let round = 0; round < 20; round++) {
      for (const socket of sockets) if (!socket.destroyed) socket.write("a");
      await sleep(50);
      await expectAlive(member());
    }
    for (const socket of sockets) socket.destroy();
    await expectAlive(member());
  });

  it("a body for the peers' port that would not fit into memory is refused before it is read", async () => {
    const socket = await openSocket(member().peerPort);
    const answer: string[] = [];
    socket.setEncoding("latin1").on("data", (text: string) => answer.push(text));
    const closed = new Promise((resolve) => void socket.once("close", resolve));
    const before = readResidentBytes(member());
    socket.write(
      "POST /leases HTTP/1.1\r\nHost: a\r\nContent-Type: application/protobuf\r\nContent-Length: 1073741824\r\n\r\n",
    );
    const chunk = Buffer.alloc(64 * 1024);
    for (
      let sent = 0;
      sent < 128 * 1024 * 1024 && !socket.destroyed && answer.length === 0;
      sent += chunk.length
    )
      if (!socket.write(chunk))
        await Promise.race([closed, new Promise((resolve) => socket.once("drain", resolve)), sleep(1000)]);
    expect(answer.join("")).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(readResidentBytes(member()) - before).toBeLessThan(64 * 1024 * 1024);
    socket.destroy();
    await expectAlive(member());
  });
});

describe.skipIf(missesPrograms("guessed tokens", [subjectKind]))("guessed tokens", () => {
  const member = useMember({ kind: subjectKind });
  const post = async (
    path: string,
    body: unknown,
    token?: string,
  ): Promise<{ status: number; body: unknown }> => {
    const headers = {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: token }),
    };
    const response = await fetch(`http://${member().endpoint}/v3/${path}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  };

  it("are refused one and all, while who has one goes on", async () => {
    await post("auth/user/add", { name: "root", password: "pw" });
    await post("auth/role/add", { name: "root" });
    await post("auth/user/grant", { user: "root", role: "root" });
    expect((await post("auth/enable", {})).status).toBe(200);
    const login = await post("auth/authenticate", { name: "root", password: "pw" });
    const { token } = login.body as { token: string };
    const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const index = token.slice(token.indexOf("."));
    const guess = (place: number): string =>
      Array.from({ length: 16 }, (_, i) => letters[(place * 31 + i * 17) % letters.length]).join("") + index;
    const statuses = new Set<number>();
    for (let place = 0; place < GUESSES; place += 100) {
      const round = Array.from({ length: 100 }, (_, i) =>
        post("kv/range", { key: "YQ==" }, guess(place + i)),
      );
      const own = await post("kv/put", { key: "YQ==", value: "YQ==" }, token);
      expect(own.status).toBe(200);
      for (const { status } of await Promise.all(round)) statuses.add(status);
    }
    expect([...statuses]).toEqual([401]);
    const log = readFileSync(member().logFile, "utf8");
    expect(log).not.toContain(token);
    expect(log).not.toContain('"pw"');
  });
});

describe.skipIf(missesPrograms("handshakes", ["quorate"]))("handshakes that are never finished", () => {
  const folder = mkdtempSync(join(tmpdir(), "e2e-handshakes-"));
  let authority: AuthorityFiles;
  let member: Member | undefined;
  let tlsPort = 0;

  beforeAll(async () => {
    authority = new AuthorityFiles(join(folder, "pki"));
    const { cert, key } = authority.issue("server", "server", { hosts: ["127.0.0.1"] });
    tlsPort = await findFreePort();
    // Beside the plain port, which the suite asks whether the member lives.
    const flags = [
      `--cert-file=${cert}`,
      `--key-file=${key}`,
      `--listen-client-http-urls=https://127.0.0.1:${tlsPort}`,
    ];
    member = await Member.start({ kind: "quorate", flags });
  });
  afterAll(async () => {
    await member?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  it("are ended by the server, while others are served", async () => {
    const running = member;
    if (running === undefined) throw new Error("the member did not start");
    const sockets = await openMany(tlsPort, UNFINISHED_HANDSHAKES);
    // Half of them begin one, with a record that promises more than comes.
    for (const socket of sockets.slice(0, UNFINISHED_HANDSHAKES / 2))
      socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
    expect(await getVersion(tlsPort, authority.ca)).toContain("etcdserver");
    const isOpen = (socket: Socket): boolean => !socket.destroyed && !socket.readableEnded;
    for (const socket of sockets) socket.resume();
    const deadline = performance.now() + HANDSHAKES_GONE_MS_MAX;
    while (sockets.some(isOpen) && performance.now() < deadline) {
      await sleep(200);
      await expectAlive(running);
    }
    expect(sockets.filter(isOpen)).toHaveLength(0);
    expect(await getVersion(tlsPort, authority.ca)).toContain("etcdserver");
  });
});

function getVersion(port: number, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path: "/version", ca: readFileSync(ca), agent: false };
    const call = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve(text));
    });
    call.on("error", reject);
    call.end();
  });
}
