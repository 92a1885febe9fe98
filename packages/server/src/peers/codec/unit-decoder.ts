/**
 * Cuts a byte stream that arrives in chunks of any size into units of known length, one after another. A unit that lies within a chunk
 * is handed on in place; one that crosses chunks is put together once. A large unit costs no memory before its bytes arrive.
 */

/** Takes one unit and says how long the next one is. */
export interface UnitSink {
  /** Bytes of the first unit, at least 1. */
  readonly firstUnitBytes: number;
  /**
   * Takes `bytes[start, end)`, which has the length that was asked for.
   * @returns the length of the next unit, 0 or more, or why the stream can't go on.
   */
  takeUnit(bytes: Buffer, start: number, end: number): number | string;
}

export class UnitDecoder {
  readonly #sink: UnitSink;
  #needed: number;
  #parts: Buffer[] = [];
  #partsBytes = 0;

  constructor(sink: UnitSink) {
    this.#sink = sink;
    this.#needed = sink.firstUnitBytes;
  }

  /** Takes the next chunk, which must not be changed afterwards. @returns why the stream can't go on; nothing may be pushed then. */
  push(chunk: Buffer): string | undefined {
    let position = 0;
    if (this.#partsBytes > 0) {
      const missing = this.#needed - this.#partsBytes;
      if (chunk.length < missing) {
        this.#keep(chunk);
        return undefined;
      }
      this.#parts.push(chunk.subarray(0, missing));
      const unit = Buffer.concat(this.#parts, this.#needed);
      this.#parts = [];
      this.#partsBytes = 0;
      position = missing;
      const next = this.#sink.takeUnit(unit, 0, unit.length);
      if (typeof next === "string") return next;
      this.#needed = next;
    }
    while (chunk.length - position >= this.#needed) {
      const end = position + this.#needed;
      // A unit of no bytes at the very end waits for nothing and is taken at once.
      const next = this.#sink.takeUnit(chunk, position, end);
      if (typeof next === "string") return next;
      position = end;
      this.#needed = next;
    }
    if (position < chunk.length) this.#keep(chunk.subarray(position));
    return undefined;
  }

  #keep(part: Buffer): void {
    this.#parts.push(part);
    this.#partsBytes += part.length;
  }
}
