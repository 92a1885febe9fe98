/** Where bcrypt is computed: in a thread of its own when its file is there, else by the pool of threads that all share. */
import { hash, verify } from "@node-rs/bcrypt";
import { Worker } from "node:worker_threads";
import type { PasswordResult, PasswordTask } from "./password-thread.js";

export interface Bcrypt {
  hash(password: Uint8Array, cost: number): Promise<string>;
  verify(password: Uint8Array, hash: Uint8Array): Promise<boolean>;
}

export const poolBcrypt: Bcrypt = {
  // The prefix that Go writes.
  hash: (password, cost) => hash(password, { cost, version: "2a" }),
  verify: (password, stored) => verify(password, stored),
};

interface Waiting {
  readonly resolve: (result: string | boolean) => void;
  readonly reject: (error: Error) => void;
}

type TaskContent = PasswordTask extends infer T ? (T extends unknown ? Omit<T, "id"> : never) : never;

/** Starts with the first task. When the thread dies, the pool takes what it had, and another one starts with the next task. */
export class ThreadBcrypt implements Bcrypt {
  readonly #file: string;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #nextId = 1;

  constructor(file: string) {
    this.#file = file;
  }

  async hash(password: Uint8Array, cost: number): Promise<string> {
    try {
      return String(await this.#ask({ kind: "hash", password, cost }));
    } catch {
      return poolBcrypt.hash(password, cost);
    }
  }

  async verify(password: Uint8Array, stored: Uint8Array): Promise<boolean> {
    try {
      return (await this.#ask({ kind: "verify", password, hash: stored })) === true;
    } catch {
      return poolBcrypt.verify(password, stored);
    }
  }

  #ask(content: TaskContent): Promise<string | boolean> {
    const worker = (this.#worker ??= this.#start());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ ...content, id });
    });
  }

  #start(): Worker {
    const worker = new Worker(this.#file);
    // It has nothing to finish when the process ends.
    worker.unref();
    worker.on("message", ({ id, result }: PasswordResult) => {
      this.#waiting.get(id)?.resolve(result);
      this.#waiting.delete(id);
    });
    worker.on("error", (error) => this.#lose(worker, error));
    worker.on("exit", (code) => this.#lose(worker, new Error(`the password thread ended with ${code}`)));
    return worker;
  }

  #lose(worker: Worker, error: Error): void {
    if (this.#worker === worker) this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  async stop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}
