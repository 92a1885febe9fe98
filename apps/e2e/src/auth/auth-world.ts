/** Users, roles, keys and leases that both servers get alike, and callers of every kind. */
import { authpb, create, etcdserverpb as pb, fromBinary, toBinary, toJson } from "@quorate/proto";
import { WireClient, pathOf } from "../harness/wire-client.js";
import type { Probe } from "./probes.js";

const { READ, WRITE, READWRITE } = authpb.Permission_Type;
const { KV, Lease, Auth } = pb;
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));

/** What the roles of the same name permit. */
const ROLES: Readonly<Record<string, readonly [string, string, authpb.Permission_Type][]>> = {
  reader: [
    ["r/", "r0", READ],
    ["t/a", "t/b", READ],
    ["t/b", "t/c", READ],
  ],
  writer: [
    ["w/", "w0", WRITE],
    ["r/1", "", READ],
    ["b/", "b0", READWRITE],
  ],
  all: [["\0", "\0", READWRITE]],
};

/** Users with the roles of the same name; others have none. */
export const USERS: readonly string[] = ["reader", "writer", "all", "stranger", "leaver"];

/** What a call gave, for comparison with what it gave elsewhere. */
export type Verdict = string;

export class AuthWorld {
  readonly #endpoint: string;
  readonly #clients: WireClient[] = [];

  /** @param endpoint `host:port` of a fresh member. */
  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  /** A client whose calls carry the metadata. */
  client(metadata: Readonly<Record<string, string>> = {}): WireClient {
    const client = new WireClient(this.#endpoint, metadata);
    this.#clients.push(client);
    return client;
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  async populate(): Promise<void> {
    const anybody = this.client();
    for (const [role, permissions] of Object.entries(ROLES)) {
      await anybody.demand(Auth.method.roleAdd, { name: role });
      for (const [key, rangeEnd, permType] of permissions) {
        const perm = { key: bytes(key), rangeEnd: bytes(rangeEnd), permType };
        await anybody.demand(Auth.method.roleGrantPermission, { name: role, perm });
      }
    }
    for (const user of ["root", ...USERS]) {
      await anybody.demand(Auth.method.userAdd, { name: user, password: `pw-${user}` });
      if (ROLES[user] !== undefined) await anybody.demand(Auth.method.userGrantRole, { user, role: user });
    }
    await anybody.demand(Auth.method.userAdd, { name: "nopass", options: { noPassword: true } });
    await anybody.demand(Auth.method.userGrantRole, { user: "root", role: "root" });
    for (const id of [100n, 101n, 102n, 103n])
      await anybody.demand(Lease.method.leaseGrant, { ID: id, TTL: 3600n });
    const leases: Readonly<Record<string, bigint>> = { secret: 100n, "w/own": 101n, "secret/2": 102n };
    for (const key of ["secret", "secret/2", "r/1", "r/2", "t/a", "t/b", "w/1", "w/2", "w/own", "z"])
      await anybody.demand(KV.method.put, { key: bytes(key), value: bytes(key), lease: leases[key] ?? 0n });
  }

  async enable(): Promise<void> {
    await this.client().demand(Auth.method.authEnable, {});
  }

  /** The token of a login. */
  async logIn(user: string): Promise<string> {
    const request = { name: user, password: `pw-${user}` };
    return (await this.client().demand(Auth.method.authenticate, request)).token;
  }
}

/** Makes the call and tells what came of it. */
export async function tryProbe(client: WireClient, probe: Probe): Promise<Verdict> {
  const { method, request } = probe;
  const message = toBinary(method.input, create(method.input, request));
  const answer =
    method.methodKind === "unary"
      ? await client.callBytes(pathOf(method), message)
      : await firstOfStream(client, probe, message);
  if (!answer.ok) return `${answer.code} ${answer.text}`;
  if (probe.ownAnswer === true || answer.bytes === undefined) return "ok";
  const json = toJson(method.output, fromBinary(method.output, answer.bytes)) as Record<string, unknown>;
  return `ok ${JSON.stringify(withoutHeaders(json))}`;
}

type Answer =
  | { readonly ok: true; readonly bytes: Uint8Array | undefined }
  | { readonly ok: false; readonly code: number; readonly text: string };

/** The first message of a stream, or how it ended without one. */
function firstOfStream(client: WireClient, { method }: Probe, message: Uint8Array): Promise<Answer> {
  return new Promise((resolve) => {
    const bidi = method.methodKind === "bidi_streaming" ? client.openBidiStream(pathOf(method)) : undefined;
    const stream = bidi ?? client.openServerStream(pathOf(method), message);
    stream.on("data", (bytes: Buffer) => {
      resolve({ ok: true, bytes });
      stream.cancel();
    });
    stream.on("error", () => undefined);
    stream.on("status", ({ code, details }: { code: number; details: string }) =>
      resolve(code === 0 ? { ok: true, bytes: undefined } : { ok: false, code, text: details }),
    );
    bidi?.write(Buffer.from(message));
  });
}

/** Terms and ids of members differ from server to server. */
function withoutHeaders(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutHeaders);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([name]) => name !== "header");
  return Object.fromEntries(entries.map(([name, each]) => [name, withoutHeaders(each)]));
}
