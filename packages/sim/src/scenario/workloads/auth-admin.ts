/** The one who switches authentication on and off and changes what users may do, and notes what is certain of it. */
import { authpb, create, etcdserverpb, findErrorByMessage, type ErrorName } from "@quorate/proto";
import type { DescMessage, DescMethodUnary, MessageInitShape } from "@quorate/proto";
import { classifyError } from "../../load/classify-error.js";
import { toBytes } from "../../load/key-value-wire.js";
import { CALL_MS_MAX, type Worker } from "./crew.js";
import { Timeline, type Access } from "./permission-history.js";
import type { WorkloadClient, WorkloadWorld } from "./world.js";

export const ROOT = "root";
export const PASSWORD = "secret";
export const USERS: readonly string[] = ["ada", "bob"];
const KEYS_EACH = 2;
const { method } = etcdserverpb.Auth;
const REST_MS = 100;
/** A change that came late would be seen after this, in a cluster that is well. */
const LATE_MS = 6000;

/** `failed` for a change that was not made and will not be. */
export type AuthOutcome = "ok" | "failed" | "unknown";

export class AuthAdmin {
  readonly isEnabled: Timeline<boolean> = new Timeline(false);
  readonly access: Map<string, Timeline<Access>> = new Map();
  /** That users may have something to do with just now. */
  readonly keys: string[] = [];
  isReady = false;
  #keyCount = 0;
  #token: string | undefined;
  readonly #world: WorkloadWorld;

  constructor(world: WorkloadWorld) {
    this.#world = world;
    for (let i = 0; i < KEYS_EACH; i++) this.#addKey();
  }

  #addKey(): void {
    const key = `auth/${this.#keyCount++}`;
    this.keys.push(key);
    for (const user of USERS) this.access.set(`${user} ${key}`, new Timeline<Access>("none"));
  }

  /** Users and their roles. @returns false when it has to be tried again. */
  async setUp(worker: Worker): Promise<boolean> {
    const exist: readonly ErrorName[] = ["user-already-exist", "role-already-exist"];
    for (const user of [ROOT, ...USERS]) {
      const isDone =
        (await this.#try(worker, method.userAdd, { name: user, password: PASSWORD }, exist)) === "ok" &&
        (await this.#try(worker, method.roleAdd, { name: user }, exist)) === "ok" &&
        (await this.#try(worker, method.userGrantRole, { user, role: user }, exist)) === "ok";
      if (!isDone) return false;
    }
    this.isReady = true;
    return true;
  }

  /** One attempt. */
  enable(worker: Worker): Promise<AuthOutcome> {
    return this.#switch(worker, method.authEnable, true);
  }

  /** One attempt. */
  disable(worker: Worker): Promise<AuthOutcome> {
    return this.#switch(worker, method.authDisable, false);
  }

  async #switch<I extends DescMessage, O extends DescMessage>(
    worker: Worker,
    wanted: DescMethodUnary<I, O>,
    value: boolean,
  ): Promise<AuthOutcome> {
    const startMs = this.#world.nowMs;
    const outcome = await this.#try(worker, wanted, {} as MessageInitShape<I>, []);
    if (outcome !== "failed")
      this.isEnabled.changes.push({ value, outcome, startMs, endMs: this.#world.nowMs });
    return outcome;
  }

  /** Off for good, whatever comes late. */
  async switchOff(worker: Worker): Promise<void> {
    for (;;) {
      const status = await this.#client(worker).call(method.authStatus, {}, CALL_MS_MAX);
      const isOff = status.ok && !status.message.enabled;
      if (isOff) {
        await this.#world.sleep(LATE_MS);
        const again = await this.#client(worker).call(method.authStatus, {}, CALL_MS_MAX);
        if (again.ok && !again.message.enabled) return;
      } else await this.disable(worker);
      // Not in turn: a failed attempt has moved on by itself, and might always come back to those that are down.
      worker.wander();
      await this.#world.sleep(REST_MS);
    }
  }

  /** Changes what somebody may do with something. */
  async change(worker: Worker): Promise<void> {
    const { prng } = worker;
    const role = prng.pick(USERS);
    const key = prng.pick(this.keys);
    const value: Access = prng.pick(["none", "read", "write", "readwrite"]);
    const startMs = this.#world.nowMs;
    const { READ, WRITE, READWRITE } = authpb.Permission_Type;
    const permType = { read: READ, write: WRITE, readwrite: READWRITE };
    const outcome =
      value === "none"
        ? await this.#try(worker, method.roleRevokePermission, { role, key: toBytes(key) }, [
            "permission-not-granted",
          ])
        : await this.#try(
            worker,
            method.roleGrantPermission,
            {
              name: role,
              perm: create(authpb.PermissionSchema, { permType: permType[value], key: toBytes(key) }),
            },
            [],
          );
    if (outcome === "failed") return;
    this.access.get(`${role} ${key}`)?.changes.push({ value, outcome, startMs, endMs: this.#world.nowMs });
    if (outcome === "ok") return;
    // Nothing would be certain of this key any more.
    this.keys.splice(this.keys.indexOf(key), 1);
    this.#addKey();
  }

  #client(worker: Worker): WorkloadClient {
    return worker.client(this.#token);
  }

  /** @param done errors that say that it is so already. */
  async #try<I extends DescMessage, O extends DescMessage>(
    worker: Worker,
    wanted: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    done: readonly ErrorName[],
  ): Promise<AuthOutcome> {
    const answer = await this.#client(worker).call(wanted, request, CALL_MS_MAX);
    if (answer.ok) return "ok";
    const name = findErrorByMessage(answer.text);
    if (name !== undefined && done.includes(name)) return "ok";
    if (name === "invalid-auth-token" || name === "user-empty" || name === "auth-old-revision") {
      this.#token = await login(this.#client(worker), ROOT);
      return "failed";
    }
    await worker.moveOn();
    return classifyError(answer.code, answer.text);
  }
}

/** @returns a token, or undefined when there is none to be had. */
export async function login(client: WorkloadClient, name: string): Promise<string | undefined> {
  const answer = await client.call(method.authenticate, { name, password: PASSWORD }, CALL_MS_MAX);
  return answer.ok ? answer.message.token : undefined;
}
