/** The gateway's WebSockets beside etcd's: the same messages, equal lines. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { Member } from "../harness/member.js";
import { findProgram, missesPrograms } from "../harness/programs.js";
import { runCommand } from "../harness/run-command.js";

const suite = "the gateway's WebSockets beside etcd's";

interface Talk {
  readonly path: string;
  /** Each is sent when the lines before it have come. */
  readonly messages: readonly { readonly text: string; readonly linesBefore: number }[];
  readonly linesMax: number;
  /** Whether the server ends it. */
  readonly ends?: boolean;
  readonly protocols?: readonly string[];
  /** Compared with etcd 3.6 and later alone, whose words for errors are others. */
  readonly since36?: boolean;
  /** Compared with older ones alone: later ones answer one message only when the body has ended, and a WebSocket's does not. */
  readonly until36?: boolean;
}

const say = (value: unknown, linesBefore = 0): { text: string; linesBefore: number } => ({
  text: typeof value === "string" ? value : JSON.stringify(value),
  linesBefore,
});
const createWatch = (key: string, rest: object = {}): object => ({ create_request: { key, ...rest } });

const TALKS: readonly Talk[] = [
  { path: "kv/put", messages: [say({ key: "d3M=", value: "MQ==" })], linesMax: 1, ends: true, until36: true },
  { path: "kv/range", messages: [say({ key: "d3M=" })], linesMax: 1, ends: true, until36: true },
  // What has happened, then two watches, one of which is given up.
  { path: "watch", messages: [say(createWatch("d3M=", { start_revision: "2" }))], linesMax: 2 },
  {
    path: "watch",
    messages: [
      say(createWatch("YQ==")),
      say(createWatch("Yg==", { watch_id: "7", prev_kv: true }), 1),
      say({ cancel_request: { watch_id: "7" } }, 2),
    ],
    linesMax: 3,
  },
  // Two values in one message, and one value in two.
  {
    path: "watch",
    messages: [say(JSON.stringify(createWatch("YQ==")) + JSON.stringify(createWatch("YQ==")))],
    linesMax: 2,
  },
  { path: "watch", messages: [say('{"create_request":{"key"'), say(':"YQ=="}}')], linesMax: 1 },
  {
    path: "lease/keepalive",
    messages: [say({ ID: "77" }), say({ ID: "77" }, 1), say({ ID: "78" }, 2)],
    linesMax: 3,
  },
  { path: "kv/nothing", messages: [], linesMax: 1, ends: true, since36: true },
  // Older ones refuse a token although there are no users.
  {
    path: "watch",
    messages: [say(createWatch("YQ=="))],
    linesMax: 1,
    protocols: ["Bearer", "whatever"],
    since36: true,
  },
];

/** What a talk came to; ids of members and terms are their own. */
async function talk(
  member: Member,
  { path, messages, linesMax, ends = false, protocols = [] }: Talk,
): Promise<unknown> {
  const socket = new WebSocket(`ws://${member.endpoint}/v3/${path}`, [...protocols]);
  const lines: string[] = [];
  let isClosed = false;
  socket.on("message", (data: Buffer) => void lines.push(data.toString()));
  socket.on("close", () => (isClosed = true));
  await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
  for (const { text, linesBefore } of messages) {
    await expect
      .poll(() => lines.length, { message: `${member.kind}: ${path}, before ${text}` })
      .toBe(linesBefore);
    socket.send(text);
  }
  await expect.poll(() => lines.length, { message: `${member.kind}: ${path}` }).toBe(linesMax);
  if (ends) await expect.poll(() => isClosed).toBe(true);
  socket.terminate();
  const masked = lines.map((line) =>
    line.replaceAll(/"(cluster_id|member_id|raft_term)":"\d+"/g, '"$1":"-"'),
  );
  return { protocol: socket.protocol, lines: masked.map((line) => JSON.parse(line) as unknown) };
}

async function isSince36(): Promise<boolean> {
  const program = findProgram("etcd");
  if (program === undefined) return false;
  const { stdout } = await runCommand(program.command, ["--version"]);
  const [, minor = "0"] = /etcd Version: 3\.(\d+)/.exec(stdout) ?? [];
  return Number(minor) >= 6;
}

describe.skipIf(missesPrograms(suite, ["quorate", "etcd"]))(suite, () => {
  let ours: Member;
  let theirs: Member;

  beforeAll(async () => {
    ours = await Member.start({ kind: "quorate" });
    theirs = await Member.start({ kind: "etcd" });
    for (const { endpoint } of [ours, theirs]) {
      const post = (path: string, body: object): Promise<Response> =>
        fetch(`http://${endpoint}/v3/${path}`, { method: "POST", body: JSON.stringify(body) });
      await post("kv/put", { key: "d3M=", value: "MQ==" });
      await post("lease/grant", { TTL: "60", ID: "77" });
    }
  }, 120_000);

  afterAll(async () => {
    await ours.dispose();
    await theirs.dispose();
  });

  it("answer alike, talk by talk", async () => {
    const hasNewWords = await isSince36();
    for (const each of TALKS) {
      if (hasNewWords ? each.until36 === true : each.since36 === true) {
        console.warn(
          `left out: ${each.path}: this etcd is ${hasNewWords ? "3.6 or later" : "older than 3.6"}`,
        );
        continue;
      }
      expect(await talk(ours, each), JSON.stringify(each)).toEqual(await talk(theirs, each));
    }
  }, 120_000);
});
