/** Many clients that log in at once: what a client feels of it that has logged in before, and how long all take. */
import { connect, type ClientHttp2Session } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import type { Figure, FigureScenario, ScenarioSetting } from "../figure-scenario.js";
import { frame, framePrefixBytes, paths, putRequest } from "../messages.js";
import { latenciesOf, type Latencies } from "../percentiles.js";
import { ServerProcess } from "../server-process.js";
import { value } from "../workloads.js";

const clientsMax = 1_000;
/** Each of them has so many users to itself: equal attempts at once would be one. */
const usersMax = 100;
const clientsMin = 20;
const putsPerSecond = 200;
const idleSeconds = 4;
const callTimeoutMs = 240_000;

export const loginStorm: FigureScenario = { group: "login-storm", run };

async function run({ subject, folder, scale }: ScenarioSetting): Promise<readonly Figure[]> {
  const clients = Math.max(clientsMin, Math.round(clientsMax * scale));
  const users = Math.max(2, Math.round(usersMax * scale));
  const server = await ServerProcess.start(subject, folder);
  const { port } = server;
  const sessions: ClientHttp2Session[] = [];
  const open = (): ClientHttp2Session => {
    const session = connect(`http://127.0.0.1:${port}`);
    sessions.push(session);
    return session;
  };
  try {
    const admin = open();
    await populate(admin, users);
    const token = await logIn(admin, "root");
    const puts = new PacedPuts(open(), token);
    await sleep(1_000);
    const idle = await puts.during(() => sleep(idleSeconds * 1_000));
    const stormers = Array.from({ length: clients }, open);
    await Promise.all(stormers.map((session) => new Promise((resolve) => session.once("connect", resolve))));
    const beganMs = performance.now();
    const storm = await puts.during(() =>
      Promise.all(stormers.map((session, i) => logIn(session, `user${i % users}`))),
    );
    const seconds = (performance.now() - beganMs) / 1_000;
    puts.stop();
    return [
      [`${clients} logins of ${users} users at once are done after, s`, seconds],
      ["  p50 of puts of another client meanwhile, ms", storm.p50Ms],
      ["  p99 of puts meanwhile, ms", storm.p99Ms],
      ["  p99 of puts before, ms", idle.p99Ms],
      ["  p99 meanwhile / p99 before", storm.p99Ms / idle.p99Ms],
    ];
  } finally {
    for (const session of sessions) session.destroy();
    await server.stop();
  }
}

/** Root, and users who may everything; then authentication is on. */
async function populate(admin: ClientHttp2Session, users: number): Promise<void> {
  const auth = (method: string, ...fields: Uint8Array[]): Promise<Uint8Array> =>
    call(admin, `/etcdserverpb.Auth/${method}`, Buffer.concat(fields));
  for (let i = 0; i < users; i++) await auth("UserAdd", text(1, `user${i}`), text(2, password(`user${i}`)));
  await auth("UserAdd", text(1, "root"), text(2, password("root")));
  await auth("UserGrantRole", text(1, "root"), text(2, "root"));
  await auth("AuthEnable");
}

const password = (user: string): string => `password of ${user}`;

/** @returns the token. */
async function logIn(session: ClientHttp2Session, user: string): Promise<string> {
  const request = Buffer.concat([text(1, user), text(2, password(user))]);
  const reply = Buffer.from(await call(session, "/etcdserverpb.Auth/Authenticate", request));
  // header (field 1), then the token (field 2); both are shorter than 128 bytes.
  const at = 2 + (reply[1] ?? 0);
  if (reply[at] !== 0x12) throw new Error(`no token for ${user}`);
  return reply.subarray(at + 2, at + 2 + (reply[at + 1] ?? 0)).toString("latin1");
}

/** Puts of one client at a steady rate, each timed from when it should have started. */
class PacedPuts {
  readonly #session: ClientHttp2Session;
  readonly #token: string;
  readonly #begunMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #count = 0;
  #microseconds: number[] = [];
  #failure: Error | undefined;

  constructor(session: ClientHttp2Session, token: string) {
    this.#session = session;
    this.#token = token;
    this.#timer = setInterval(() => this.#startDue(), 1);
  }

  /** Latencies of the puts that end while `work` goes on. @throws Error when one was refused. */
  async during(work: () => Promise<unknown>): Promise<Latencies> {
    this.#microseconds = [];
    await work();
    if (this.#failure !== undefined) throw this.#failure;
    return latenciesOf(Float64Array.from(this.#microseconds));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #startDue(): void {
    for (;;) {
      const dueMs = this.#begunMs + (this.#count * 1_000) / putsPerSecond;
      if (dueMs > performance.now()) return;
      this.#count += 1;
      call(this.#session, paths.put, putRequest("beside", value), this.#token).then(
        () => this.#microseconds.push((performance.now() - dueMs) * 1_000),
        (error: unknown) => (this.#failure ??= error as Error),
      );
    }
  }
}

/** A unary call on an open connection. @throws Error for a status other than 0. */
function call(
  session: ClientHttp2Session,
  path: string,
  message: Uint8Array,
  token?: string,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...(token === undefined ? {} : { token }),
    });
    const chunks: Buffer[] = [];
    let status: unknown;
    let reason: unknown;
    const read = (headers: Record<string, unknown>): void => {
      status = headers["grpc-status"] ?? status;
      reason = headers["grpc-message"] ?? reason;
    };
    stream.setTimeout(callTimeoutMs, () => reject(new Error(`${path}: no reply`)));
    stream.on("response", read);
    stream.on("trailers", read);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("close", () => {
      if (status === "0") resolve(Buffer.concat(chunks).subarray(framePrefixBytes));
      else reject(new Error(`${path}: grpc-status ${String(status)}: ${String(reason)}`));
    });
    stream.end(frame(message));
  });
}

/** A length-delimited field shorter than 128 bytes. */
function text(field: number, content: string): Uint8Array {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.of((field << 3) | 2, bytes.length), bytes]);
}
