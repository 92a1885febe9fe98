/** A state machine with users and leases that entries of any caller change, and that can be started again over the same engine. */
import {
  create,
  etcdserverpb as pb,
  fromBinary,
  toBinary,
  type authpb,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@quorate/proto";
import { AlarmSet } from "../../apply/alarm-set.js";
import { Applier } from "../../apply/applier.js";
import type { ApplyOutcome } from "../../apply/outcome.js";
import { FakeCluster, bytesOfBody, turns } from "../../apply/testing/apply-bench.js";
import { Lessor } from "../../lease/lessor.js";
import { restoreAttachments } from "../../lease/restore-attachments.js";
import { MemoryEngine } from "../../mvcc/memory-engine.js";
import { Store } from "../../mvcc/store.js";
import { AUTH_TABLES, AuthStore } from "../auth-store.js";
import type { AuthTokens, IssuedToken, Login } from "../auth-tokens.js";

export type Request = Omit<MessageInitShape<typeof pb.InternalRaftRequestSchema>, "$typeName" | "header">;

/** Who asks; the revision is the store's of now unless another one is given. */
export interface Asker {
  readonly user: string;
  readonly revision?: number;
}

export const ROOT: Asker = { user: "root" };
export const NOBODY_ASKS: Asker = { user: "", revision: 0 };

/** Remembers what it was told. */
export class FakeTokens implements AuthTokens {
  readonly told: string[] = [];
  readonly logins: Login[] = [];
  issued: IssuedToken = { kind: "token", token: "t.1" };

  enable(): void {
    this.told.push("enable");
  }

  disable(): void {
    this.told.push("disable");
  }

  invalidateUser(user: string): void {
    this.told.push(`invalidate ${user}`);
  }

  issue(login: Login): IssuedToken {
    this.logins.push(login);
    return this.issued;
  }

  hashPassword(password: Uint8Array): Promise<Uint8Array> {
    return Promise.resolve(latin1(`hash of ${textOf(password)}`));
  }
}

export const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (each) => each.charCodeAt(0));
export const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
/** As the edge sends it: the text of a hash in base64. */
export const hashed = (text: string): string => Buffer.from(text, "latin1").toString("base64");

export class AuthBench {
  readonly engine = new MemoryEngine();
  readonly alarms = new AlarmSet();
  readonly tokens = new FakeTokens();
  store!: Store;
  auth!: AuthStore;
  lessor!: Lessor;
  #applier!: Applier;
  #index = 0;

  static async create(): Promise<AuthBench> {
    const bench = new AuthBench();
    await bench.start();
    return bench;
  }

  get index(): number {
    return this.#index;
  }

  async start(): Promise<void> {
    const store = await Store.open(this.engine, { yieldTurn: () => turns.yieldTurn() });
    const auth = new AuthStore();
    for (const table of AUTH_TABLES) {
      for await (const { keys, values } of store.rows(table))
        keys.forEach((key, i) => auth.restoreRow(table, key, values[i] ?? new Uint8Array(0)));
    }
    const leases = new Lessor({ ttlSecondsMin: 2, nowMs: () => 0 });
    for await (const { keys, values } of store.rows("lease"))
      keys.forEach((key, i) => leases.restoreRow(key, values[i] ?? new Uint8Array(0)));
    await restoreAttachments(leases, store, turns);
    auth.attachTokens(this.tokens);
    this.store = store;
    this.auth = auth;
    this.lessor = leases;
    const space = { sizeBytes: 0, quotaBytes: Infinity };
    const { consistentIndex } = store;
    const { alarms } = this;
    const cluster = new FakeCluster();
    this.#applier = new Applier({ store, consistentIndex, leases, alarms, cluster, auth, space, turns });
  }

  async restart(): Promise<void> {
    await this.store.flushDurable();
    await this.start();
  }

  /** Applies one request as the next entry. */
  async apply(request: Request, asker: Asker = ROOT): Promise<ApplyOutcome> {
    const revision = asker.revision ?? this.auth.revision;
    const header = { ID: 1n, username: asker.user, authRevision: BigInt(revision) };
    const message = create(pb.InternalRaftRequestSchema, { ...request, header });
    const entry = toBinary(pb.InternalRaftRequestSchema, message);
    this.#index += 1;
    return this.#applier.apply(this.#index, 1, entry, true);
  }

  /** The refusal of a request, or "ok". */
  async verdict(request: Request, asker: Asker = ROOT): Promise<string> {
    const { refusal, body } = await this.apply(request, asker);
    if (body !== undefined && "deferred" in body) body.release();
    return refusal ?? "ok";
  }

  /** The response to a request that is not refused. */
  async answer<Desc extends DescMessage>(
    request: Request,
    schema: Desc,
    asker: Asker = ROOT,
  ): Promise<MessageShape<Desc>> {
    const { refusal, body } = await this.apply(request, asker);
    if (refusal !== undefined) throw new Error(refusal);
    return fromBinary(schema, await bytesOfBody(body));
  }

  /** Root with its role, authentication on, and users that have the permissions of one role each. */
  async enable(
    users: Readonly<Record<string, readonly MessageInitShape<typeof authpb.PermissionSchema>[]>> = {},
  ): Promise<void> {
    await this.addUser("root");
    await this.apply({ authUserGrantRole: { user: "root", role: "root" } });
    for (const [name, permissions] of Object.entries(users)) {
      await this.addUser(name);
      await this.apply({ authRoleAdd: { name } });
      await this.apply({ authUserGrantRole: { user: name, role: name } });
      for (const perm of permissions) await this.apply({ authRoleGrantPermission: { name, perm } });
    }
    await this.apply({ authEnable: {} });
  }

  addUser(name: string): Promise<string> {
    return this.verdict({ authUserAdd: { name, hashedPassword: hashed(`hash-${name}`) } });
  }

  /** Rows of the tables of authentication, as text. */
  async rows(): Promise<string[]> {
    await this.store.flushPending();
    const rows: string[] = [];
    for (const table of AUTH_TABLES) {
      for await (const { keys, values } of this.store.rows(table))
        keys.forEach((key, i) =>
          rows.push(`${table}/${textOf(key)} ${Buffer.from(values[i] ?? []).toString("hex")}`),
        );
    }
    return rows;
  }
}
