/** Many clients that log in at once: what a client feels of it that has logged in before, and how long all take. */
import { connect, type ClientHttp2Session } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { callOn } from "../grpc-call.js";
import type { Figure, FigureScenario, ScenarioSetting } from "../figure-scenario.js";
import { PacedPuts } from "../logins/paced-puts.js";
import { ServerProcess } from "../server-process.js";

const clientsMax = 1_000;
/** Each of them has so many users to itself: equal attempts at once would be one. */
const usersMax = 100;
const clientsMin = 20;
/** The last of all waits for the others. */
const callTimeoutMs = 240_000;
const putsPerSecond = 200;
/** A percentile of a hundredth needs many puts. */
const idleSeconds = 8;
const warmUpMs = 3_000;

export const loginStorm: FigureScenario = { group: "login-storm", run };

async function run({ subject, folder, scale }: ScenarioSetting): Promise<readonly Figure[]> {
  const clients = Math.max(clientsMin, Math.round(clientsMax * scale));
  const users = Math.max(2, Math.round(usersMax * scale));
  const server = await ServerProcess.start(subject, folder);
  const { port } = server;
  const sessions: ClientHttp2Session[] = [];
  let puts: PacedPuts | undefined;
  const open = (): ClientHttp2Session => {
    const session = connect(`http://127.0.0.1:${port}`);
    sessions.push(session);
    return session;
  };
  try {
    const admin = open();
    await populate(admin, users);
    const token = await logIn(admin, "root");
    const beside = (puts = new PacedPuts(port, token, putsPerSecond));
    await sleep(warmUpMs);
    const idle = await beside.during(() => sleep(idleSeconds * 1_000));
    const stormers = Array.from({ length: clients }, open);
    await Promise.all(stormers.map((session) => new Promise((resolve) => session.once("connect", resolve))));
    const beganMs = performance.now();
    const storm = await beside.during(() =>
      Promise.all(stormers.map((session, i) => logIn(session, `user${i % users}`))),
    );
    const seconds = (performance.now() - beganMs) / 1_000;
    return [
      [`${clients} logins of ${users} users at once are done after, s`, seconds],
      ["  p50 of puts of another client meanwhile, ms", storm.p50Ms],
      ["  p99 of puts meanwhile, ms", storm.p99Ms],
      ["  p99 of puts before, ms", idle.p99Ms],
      ["  p99 meanwhile / p99 before", storm.p99Ms / idle.p99Ms],
    ];
  } finally {
    await puts?.stop();
    for (const session of sessions) session.destroy();
    await server.stop();
  }
}

/** Root, and users who may everything; then authentication is on. */
async function populate(admin: ClientHttp2Session, users: number): Promise<void> {
  const auth = (method: string, ...fields: Uint8Array[]): Promise<Uint8Array> =>
    callOn(admin, {
      path: `/etcdserverpb.Auth/${method}`,
      message: Buffer.concat(fields),
      timeoutMs: callTimeoutMs,
    });
  for (let i = 0; i < users; i++) await auth("UserAdd", text(1, `user${i}`), text(2, password(`user${i}`)));
  await auth("UserAdd", text(1, "root"), text(2, password("root")));
  await auth("UserGrantRole", text(1, "root"), text(2, "root"));
  await auth("AuthEnable");
}

const password = (user: string): string => `password of ${user}`;

/** @returns the token. */
async function logIn(session: ClientHttp2Session, user: string): Promise<string> {
  const request = Buffer.concat([text(1, user), text(2, password(user))]);
  const reply = Buffer.from(
    await callOn(session, {
      path: "/etcdserverpb.Auth/Authenticate",
      message: request,
      timeoutMs: callTimeoutMs,
    }),
  );
  // header (field 1), then the token (field 2); both are shorter than 128 bytes.
  const at = 2 + (reply[1] ?? 0);
  if (reply[at] !== 0x12) throw new Error(`no token for ${user}`);
  return reply.subarray(at + 2, at + 2 + (reply[at + 1] ?? 0)).toString("latin1");
}

/** A length-delimited field shorter than 128 bytes. */
function text(field: number, content: string): Uint8Array {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.of((field << 3) | 2, bytes.length), bytes]);
}
