/**
 * What a connection has to say, gathered until the end of the turn and then written at once.
 *
 *   [ written, socket may still read it | gathered | free ]  one chunk
 *                                       ^start     ^at
 *
 * Chunks come from a pool that all connections of a server share: a connection that has nothing to say holds none.
 * A chunk goes back only when the socket has taken all of it.
 */
import type { Socket } from "node:net";

const chunkBytes = 65_536;
/** Chunks kept for reuse by one server. */
const pooledChunksMax = 64;

export class ChunkPool {
  readonly #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(chunkBytes);
  }

  give(chunk: Buffer): void {
    if (this.#free.length < pooledChunksMax) this.#free.push(chunk);
  }
}

export class OutputBuffer {
  /** The largest piece that `reserve` can make room for. */
  static readonly pieceBytesMax: number = chunkBytes;

  /** The chunk being filled, and where the next byte goes. Valid after `reserve`; the writer moves `at`. */
  chunk: Buffer = noChunk;
  at = 0;
  #start = 0;
  readonly #full: Buffer[] = [];
  #fullBytes = 0;
  #flushedBytes = 0;
  readonly #socket: Socket;
  readonly #pool: ChunkPool;
  /**
   * Called when the socket has taken what it was given. TCP nearly always takes it inside `write`, and a callback costs as
   * much as ten small replies; TLS never does, and an idle connection would keep its chunk.
   */
  readonly #onTaken: (() => void) | undefined;

  constructor(socket: Socket, pool: ChunkPool) {
    this.#socket = socket;
    this.#pool = pool;
    this.#onTaken =
      "encrypted" in socket
        ? () => {
            this.#releaseIfTaken();
          }
        : undefined;
  }

  /** Bytes gathered and not given to the socket yet. */
  get gatheredBytes(): number {
    return this.#fullBytes + this.at - this.#start;
  }

  /** Bytes gathered or in the socket, not yet taken by the kernel. */
  get backlogBytes(): number {
    return this.gatheredBytes + this.#socket.writableLength;
  }

  /** Bytes that the kernel has taken since the start. */
  get takenBytes(): number {
    return this.#flushedBytes - this.#socket.writableLength;
  }

  /** Makes room for `bytes` (at most `pieceBytesMax`) in one piece at `chunk[at]`. */
  reserve(bytes: number): void {
    if (this.at + bytes > this.chunk.length) this.#nextChunk();
  }

  /** Copies source[start, end), of any length. */
  append(source: Uint8Array, start: number, end: number): void {
    let from = start;
    while (from < end) {
      if (this.at === this.chunk.length) this.#nextChunk();
      const taken = Math.min(end - from, this.chunk.length - this.at);
      this.chunk.set(
        from === 0 && taken === source.length ? source : source.subarray(from, from + taken),
        this.at,
      );
      this.at += taken;
      from += taken;
    }
  }

  /** Gives everything gathered to the socket, in one system call. @returns the number of bytes given. */
  flush(): number {
    const bytes = this.gatheredBytes;
    if (bytes === 0) return 0;
    this.#flushedBytes += bytes;
    const last = this.chunk.subarray(this.#start, this.at);
    this.#start = this.at;
    if (this.#full.length === 0) {
      this.#socket.write(last, this.#onTaken);
    } else {
      this.#socket.cork();
      for (const piece of this.#full) this.#socket.write(piece);
      this.#socket.write(last, this.#onTaken);
      this.#socket.uncork();
      this.#full.length = 0;
      this.#fullBytes = 0;
    }
    this.#releaseIfTaken();
    return bytes;
  }

  #nextChunk(): void {
    if (this.at > this.#start) {
      this.#full.push(this.chunk.subarray(this.#start, this.at));
      this.#fullBytes += this.at - this.#start;
    }
    this.chunk = this.#pool.take();
    this.at = 0;
    this.#start = 0;
  }

  /** Nothing gathered and nothing in the socket: nobody reads the chunk any more. */
  #releaseIfTaken(): void {
    if (this.chunk === noChunk || this.at !== this.#start || this.#socket.writableLength > 0) return;
    this.#pool.give(this.chunk);
    this.chunk = noChunk;
    this.at = 0;
    this.#start = 0;
  }
}

const noChunk: Buffer = Buffer.alloc(0);
