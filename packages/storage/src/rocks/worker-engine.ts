/**
 * The engine port on a RocksDB that lives in a thread of its own: see `engine-thread` for why, `engine-messages` for how.
 *
 * Rows are packed on the way there and unpacked on the way back; the buffers of writes come back and are used again.
 * Limits: `WRITES_WAITING_MAX` of the engine behind. A thread that ends by itself fails everything that waits.
 */
import { Worker } from "node:worker_threads";
import type { Engine, EngineChunk } from "@quorate/machine";
import { assert } from "@quorate/std";
import { OperationalError } from "../errors.js";
import type { EngineAnswer, EngineRequest } from "./engine-messages.js";
import { packedSize, packRows, unpackRows } from "./packed-rows.js";

/** Buffers of writes kept for the next ones, and the largest that is worth keeping. */
const SPARE_BUFFERS_MAX = 4;
const SPARE_BYTES_MAX: number = 8 * 1024 * 1024;
const BUFFER_BYTES_MIN: number = 64 * 1024;

/** Chunks of a scan that are asked for before they are wanted. */
const CHUNKS_AHEAD = 4;

type RequestBody = EngineRequest extends infer R ? (R extends EngineRequest ? Omit<R, "id"> : never) : never;
type Done = Extract<EngineAnswer, { kind: "done" }>;

interface Waiting {
  readonly resolve: (answer: Done) => void;
  readonly reject: (error: OperationalError) => void;
}

export class WorkerEngine implements Engine {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #nextScan = 0;
  #sizeBytes = 0;
  #rowBytes = 0;
  #writtenSinceBytes = 0;
  readonly #spare: ArrayBuffer[] = [];
  #closing: Promise<void> | undefined;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", (answer: EngineAnswer) => this.#onAnswer(answer));
    worker.on("error", (error) => this.#failAll(`the database's thread failed: ${error.message}`));
    worker.on("exit", () => this.#failAll("the database's thread has ended"));
  }

  /**
   * Starts the thread from `threadFile` (the built `engine-thread`) and opens the database in folder `dir`.
   * Errors: those of `RocksEngine.open`.
   */
  static async open(dir: string, threadFile: string): Promise<WorkerEngine> {
    const engine = new WorkerEngine(new Worker(threadFile, { name: "database", execArgv: [] }));
    try {
      await engine.#ask({ kind: "open", dir });
    } catch (error) {
      await engine.#worker.terminate();
      throw error;
    }
    return engine;
  }

  /** As last told by the thread, plus what was written since. */
  get sizeBytes(): number {
    return this.#sizeBytes + this.#writtenSinceBytes;
  }

  get rowBytes(): number {
    return this.#rowBytes + this.#writtenSinceBytes;
  }

  async write(keys: readonly Uint8Array[], values: readonly (Uint8Array | undefined)[]): Promise<void> {
    assert(keys.length === values.length, () => `${keys.length} keys with ${values.length} values`);
    const size = packedSize(keys, values);
    const rows = this.#takeBuffer(size);
    const end = packRows(keys, values, Buffer.from(rows), 0);
    this.#writtenSinceBytes += size;
    const answer = await this.#ask({ kind: "write", rows, end }, rows);
    this.#writtenSinceBytes -= size;
    if (answer.rows !== undefined) this.#returnBuffer(answer.rows);
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    if (keys.length === 0) return [];
    const rows = new ArrayBuffer(packedSize(keys, []));
    const end = packRows(keys, [], Buffer.from(rows), 0);
    return rowsOf(await this.#ask({ kind: "get", rows, end }, rows)).values;
  }

  async *scan(from: Uint8Array, to: Uint8Array, chunkCountMax: number): AsyncGenerator<EngineChunk, void> {
    assert(chunkCountMax > 0, "a scan needs chunks of at least one row");
    const scan = (this.#nextScan += 1);
    await this.#ask({ kind: "scan", scan, from, to, chunkCountMax });
    // The thread reads ahead while the caller works on what it has.
    const ahead: Promise<Done>[] = [];
    const askForNext = (): void => {
      const next = this.#ask({ kind: "next", scan });
      // Nobody may be waiting when it fails; whoever comes for the chunk hears of it.
      next.catch(() => undefined);
      ahead.push(next);
    };
    for (let i = 0; i < CHUNKS_AHEAD; i++) askForNext();
    try {
      for (;;) {
        const answer = (await ahead.shift()) as Done;
        if (answer.rows === undefined) return;
        askForNext();
        const { keys, values } = rowsOf(answer);
        yield { keys, values: values.map((value) => value ?? EMPTY) };
      }
    } finally {
      if (this.#closing === undefined) await this.#ask({ kind: "end-scan", scan });
    }
  }

  async flush(): Promise<void> {
    await this.#ask({ kind: "flush" });
  }

  async compact(): Promise<void> {
    await this.#ask({ kind: "compact" });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#post({ kind: "close" });
    await this.#worker.terminate();
  }

  #ask(body: RequestBody, handOver?: ArrayBuffer): Promise<Done> {
    if (this.#closing !== undefined)
      return Promise.reject(new OperationalError("closed", "the database is closed"));
    return this.#post(body, handOver);
  }

  #post(body: RequestBody, handOver?: ArrayBuffer): Promise<Done> {
    const id = (this.#nextId += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ ...body, id }, handOver === undefined ? [] : [handOver]);
    });
  }

  #onAnswer(answer: EngineAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.kind === "failed") {
      waiting?.reject(new OperationalError(answer.code, answer.message));
      return;
    }
    this.#sizeBytes = answer.sizeBytes;
    this.#rowBytes = answer.rowBytes;
    waiting?.resolve(answer);
  }

  #failAll(message: string): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new OperationalError("io", message));
    this.#closing ??= Promise.resolve();
  }

  #takeBuffer(size: number): ArrayBuffer {
    const index = this.#spare.findIndex((buffer) => buffer.byteLength >= size);
    if (index >= 0) return this.#spare.splice(index, 1)[0] as ArrayBuffer;
    return new ArrayBuffer(Math.max(BUFFER_BYTES_MIN, 2 ** Math.ceil(Math.log2(size + 1))));
  }

  #returnBuffer(buffer: ArrayBuffer): void {
    if (buffer.byteLength <= SPARE_BYTES_MAX && this.#spare.length < SPARE_BUFFERS_MAX)
      this.#spare.push(buffer);
  }
}

const EMPTY = new Uint8Array(0);

function rowsOf(answer: Done): { keys: Uint8Array[]; values: (Uint8Array | undefined)[] } {
  return unpackRows(Buffer.from(answer.rows ?? new ArrayBuffer(0)), answer.end);
}
