/**
 * The bytes of one stream that could not be sent yet: message prefixes and parts, by reference, in order.
 */
import type { OutputBuffer } from "./output-buffer.js";

export class SendQueue {
  readonly #parts: Uint8Array[] = [];
  #first = 0;
  #offset = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Appends a part, kept by reference. */
  push(part: Uint8Array): void {
    if (part.length === 0) return;
    this.#parts.push(part);
    this.#bytes += part.length;
  }

  /** Moves `bytes` (at most what is here) to the output. */
  moveTo(output: OutputBuffer, bytes: number): void {
    let missing = bytes;
    this.#bytes -= bytes;
    while (missing > 0) {
      const part = this.#parts[this.#first] as Uint8Array;
      const taken = Math.min(missing, part.length - this.#offset);
      output.append(part, this.#offset, this.#offset + taken);
      missing -= taken;
      this.#offset += taken;
      if (this.#offset === part.length) this.#dropFirst();
    }
  }

  /** @returns the number of bytes that were here. */
  clear(): number {
    const bytes = this.#bytes;
    this.#parts.length = 0;
    this.#first = 0;
    this.#offset = 0;
    this.#bytes = 0;
    return bytes;
  }

  #dropFirst(): void {
    this.#offset = 0;
    this.#first++;
    // Sent parts are let go in bulk: cheap per part, and at most half of the array is dead.
    if (this.#first * 2 >= this.#parts.length) {
      this.#parts.splice(0, this.#first);
      this.#first = 0;
    }
  }
}
