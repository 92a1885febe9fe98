/** Users read and write, with tokens and without, while somebody changes what they may do and switches authentication on and off. */
import { etcdserverpb, findErrorByMessage } from "@quorate/proto";
import { Prng } from "@quorate/std";
import { classifyError } from "../../load/classify-error.js";
import { toBytes } from "../../load/key-value-wire.js";
import { AuthAdmin, login, USERS } from "./auth-admin.js";
import { checkPermissions } from "./check-permissions.js";
import { CALL_MS_MAX, Crew, Worker } from "./crew.js";
import type { UserOperation } from "./permission-history.js";
import type { Workload, WorkloadVerdict, WorkloadWorld } from "./world.js";

const OPERATIONS_MAX = 50_000;
const CHANGES_EACH = 15;
const CHANGE_GAP_MS = 400;
const OFF_MS = 1500;
const LOOK_MS = 50;
const { method } = etcdserverpb.KV;
const decoder = new TextDecoder();

export class AuthChanges implements Workload {
  readonly name = "auth-changes";
  readonly operations: UserOperation[] = [];
  readonly #world: WorkloadWorld;
  readonly #crew: Crew;
  readonly #admin: AuthAdmin;
  readonly #tokens = new Map<number, string | undefined>();
  #valueCount = 0;
  #isFinished = false;

  constructor(world: WorkloadWorld, options: { seed: number; workerCount: number; pauseMs: number }) {
    this.#world = world;
    // One changes, one has no token, the others have one each.
    this.#crew = new Crew(world, { name: "auth", ...options, workerCount: 2 + USERS.length });
    this.#admin = new AuthAdmin(world);
  }

  get operationCount(): number {
    return this.operations.length;
  }

  get isQuiet(): boolean {
    return this.#crew.isQuiet && this.#isFinished;
  }

  start(): void {
    this.#crew.start((worker) => (worker.number === 0 ? this.#administer(worker) : this.#use(worker)));
  }

  end(): void {
    this.#crew.end();
    void this.#finish();
  }

  judge(): Promise<WorkloadVerdict> {
    const { isEnabled, access } = this.#admin;
    return Promise.resolve({
      violations: checkPermissions({ isEnabled, access, operations: this.operations }),
      limits: [],
    });
  }

  /** One time with authentication, and its end: unless something is uncertain, it is off afterwards. */
  async #administer(worker: Worker): Promise<void> {
    const admin = this.#admin;
    if (!admin.isReady && !(await admin.setUp(worker))) return;
    for (let count = worker.prng.below(3); count > 0; count--) await admin.change(worker);
    if ((await admin.enable(worker)) === "failed") return;
    for (let count = worker.prng.below(CHANGES_EACH); count > 0 && this.#crew.isRunning; count--) {
      await this.#world.sleep(worker.prng.float() * CHANGE_GAP_MS);
      await admin.change(worker);
    }
    if ((await admin.disable(worker)) !== "ok" && this.#crew.isRunning) await admin.switchOff(worker);
    await this.#world.sleep(OFF_MS * worker.prng.float());
  }

  /** A change that was lost may still come: nothing else can be judged before authentication is off for good. */
  async #finish(): Promise<void> {
    while (!this.#crew.isQuiet) await this.#world.sleep(LOOK_MS);
    await this.#admin.switchOff(new Worker(this.#world, 0, { name: "auth-end", prng: new Prng(1) }));
    this.#isFinished = true;
  }

  async #use(worker: Worker): Promise<void> {
    if (!this.#admin.isReady || this.operations.length >= OPERATIONS_MAX) return;
    const { prng, number } = worker;
    const user = USERS[number - 2] ?? "";
    if (prng.chance(0.2)) worker.wander();
    const token = user === "" ? undefined : this.#tokens.get(number);
    const key = prng.pick(this.#admin.keys);
    const kind = prng.chance(0.5) ? "read" : "write";
    const value = `${number}.${++this.#valueCount}`;
    const startMs = this.#world.nowMs;
    const client = worker.client(token);
    const answer =
      kind === "read"
        ? await client.call(method.range, { key: toBytes(key) }, CALL_MS_MAX)
        : await client.call(method.put, { key: toBytes(key), value: toBytes(value) }, CALL_MS_MAX);
    const common = { user, key, kind, startMs, endMs: this.#world.nowMs } as const;
    if (answer.ok) {
      const read = "kvs" in answer.message ? answer.message.kvs[0]?.value : undefined;
      const seen = read === undefined ? undefined : decoder.decode(read);
      this.operations.push({ ...common, value: kind === "write" ? value : seen, outcome: "ok" });
      return;
    }
    const outcome = outcomeOf(answer, user);
    this.operations.push({ ...common, value: kind === "write" ? value : undefined, outcome });
    if (outcome === "denied") return;
    if (user !== "") this.#tokens.set(number, await login(worker.client(), user));
    await worker.moveOn();
  }
}

function outcomeOf({ code, text }: { code: number; text: string }, user: string): UserOperation["outcome"] {
  const name = findErrorByMessage(text);
  if (name === "permission-denied" || (name === "user-empty" && user === "")) return "denied";
  return classifyError(code, text) === "failed" ? "refused" : "unknown";
}
