/**
 * The thread of the database: a `RocksEngine` that is told what to do by messages. The binding spends about two microseconds
 * of the calling thread on each row; here they do not compete with requests.
 */
import { parentPort, type MessagePort } from "node:worker_threads";
import type { EngineChunk } from "@quorate/machine";
import { OperationalError, toOperationalError } from "../errors.js";
import type { EngineAnswer, EngineRequest } from "./engine-messages.js";
import { packedSize, packRows, unpackRows } from "./packed-rows.js";
import { RocksEngine } from "./rocks-engine.js";

interface Payload {
  readonly rows: ArrayBuffer | undefined;
  readonly end: number;
}

const NOTHING: Payload = { rows: undefined, end: 0 };

class EngineThread {
  readonly #port: MessagePort;
  #engine: RocksEngine | undefined;
  readonly #scans = new Map<number, AsyncIterator<EngineChunk>>();

  constructor(port: MessagePort) {
    this.#port = port;
  }

  async handle(request: EngineRequest): Promise<void> {
    try {
      const { rows, end } = await this.#carryOut(request);
      const answer: EngineAnswer = {
        id: request.id,
        kind: "done",
        sizeBytes: this.#engine?.sizeBytes ?? 0,
        rowBytes: this.#engine?.rowBytes ?? 0,
        rows,
        end,
      };
      this.#port.postMessage(answer, rows === undefined ? [] : [rows]);
    } catch (error) {
      const { code, message } = toOperationalError(error, "the database");
      const answer: EngineAnswer = { id: request.id, kind: "failed", code, message };
      this.#port.postMessage(answer);
    }
    if (request.kind === "close") this.#port.close();
  }

  async #carryOut(request: EngineRequest): Promise<Payload> {
    if (request.kind === "open") {
      this.#engine = await RocksEngine.open(request.dir);
      return NOTHING;
    }
    const engine = this.#engine;
    if (engine === undefined) throw new OperationalError("closed", "the database is not open");
    switch (request.kind) {
      case "write": {
        const { keys, values } = unpackRows(Buffer.from(request.rows), request.end);
        await engine.write(keys, values);
        return { rows: request.rows, end: 0 };
      }
      case "get": {
        const { keys } = unpackRows(Buffer.from(request.rows), request.end);
        return pack(
          keys.map(() => EMPTY),
          await engine.getMany(keys),
        );
      }
      case "scan":
        this.#scans.set(
          request.scan,
          engine.scan(request.from, request.to, request.chunkCountMax)[Symbol.asyncIterator](),
        );
        return NOTHING;
      case "next":
        return this.#nextChunk(request.scan);
      case "end-scan": {
        const chunks = this.#scans.get(request.scan);
        this.#scans.delete(request.scan);
        await chunks?.return?.();
        return NOTHING;
      }
      case "flush":
        await engine.flush();
        return NOTHING;
      case "compact":
        await engine.compact();
        return NOTHING;
      case "close":
        await engine.close();
        return NOTHING;
    }
  }

  /** Several may be asked for at once: the iterator answers in order. */
  async #nextChunk(scan: number): Promise<Payload> {
    const result = await this.#scans.get(scan)?.next();
    if (result?.done !== false) return NOTHING;
    return pack(result.value.keys, result.value.values);
  }
}

const EMPTY = new Uint8Array(0);

function pack(keys: readonly Uint8Array[], values: readonly (Uint8Array | undefined)[]): Payload {
  const rows = new ArrayBuffer(packedSize(keys, values));
  return { rows, end: packRows(keys, values, Buffer.from(rows), 0) };
}

const port = parentPort;
if (port === null) throw new OperationalError("io", "the database's thread was started as a program");
const thread = new EngineThread(port);
port.on("message", (request: EngineRequest) => void thread.handle(request));
