/**
 * What a socket reads, on its way to its connection: by the lane of newcomers until a call has begun, then directly. While something waits
 * in the lane the socket is not read on, so a newcomer holds one chunk of the network's.
 */
import type { Socket } from "node:net";
import type { Newcomers } from "../newcomers.js";

export interface ChunkSink {
  onChunk(chunk: Buffer): void;
  /** A call has begun on it, at some time. */
  readonly isKnown: boolean;
  /** It does not want to be read from, for reasons of its own. */
  readonly isReadingPaused: boolean;
}

export class FirstChunks {
  readonly #socket: Socket;
  readonly #newcomers: Newcomers;
  readonly #sink: ChunkSink;
  #waiting: Buffer[] = [];
  #isKnown = false;

  constructor(socket: Socket, newcomers: Newcomers, sink: ChunkSink) {
    this.#socket = socket;
    this.#newcomers = newcomers;
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    if (this.#isKnown) {
      this.#sink.onChunk(chunk);
      return;
    }
    this.#waiting.push(chunk);
    if (this.#waiting.length > 1) return;
    this.#socket.pause();
    this.#newcomers.run(this.#deliver);
  }

  readonly #deliver = (): void => {
    const chunks = this.#waiting;
    this.#waiting = [];
    for (const chunk of chunks) if (!this.#socket.destroyed) this.#sink.onChunk(chunk);
    this.#isKnown = this.#sink.isKnown;
    if (!this.#sink.isReadingPaused) this.#socket.resume();
  };
}
