/** Splits a body into the JSON values that follow one another in it, as they come in. What is in them is not looked at. */

/** Also the number of values that may wait: a byte is the least that one takes. */
export interface JsonValuesOptions {
  /** Of one value. */
  readonly bytesMax: number;
}

export class JsonValues {
  readonly #bytesMax: number;
  #parts: Buffer[] = [];
  #bytes = 0;
  #depth = 0;
  #inString = false;
  #isEscaped = false;
  #isScalar = false;

  constructor({ bytesMax }: JsonValuesOptions) {
    this.#bytesMax = bytesMax;
  }

  /** True when a value has begun and not ended. */
  get isInside(): boolean {
    return this.#bytes > 0;
  }

  /** @returns the values that end in `chunk`, or "too-large" */
  push(chunk: Buffer): string[] | "too-large" {
    const values: string[] = [];
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      if (!this.#takes(chunk[at] as number)) continue;
      const end = this.#isScalar ? at : at + 1;
      const text = Buffer.concat([...this.#parts, chunk.subarray(start, end)])
        .toString("utf8")
        .trim();
      this.#reset();
      start = end;
      if (text !== "") values.push(text);
      // What ended the scalar may begin the next value.
      if (end === at && this.#takes(chunk[at] as number)) start = at + 1;
    }
    this.#parts.push(Buffer.from(chunk.subarray(start)));
    this.#bytes += chunk.length - start;
    return this.#bytes > this.#bytesMax ? "too-large" : values;
  }

  /** What is left at the end of the body; undefined when that is nothing. */
  rest(): string | undefined {
    const text = Buffer.concat(this.#parts).toString("utf8").trim();
    this.#reset();
    return text === "" ? undefined : text;
  }

  #reset(): void {
    this.#parts = [];
    this.#bytes = 0;
    this.#depth = 0;
    this.#inString = false;
    this.#isEscaped = false;
    this.#isScalar = false;
  }

  /** @returns whether a value ends with this byte, or, for a number or a word, before it. */
  #takes(byte: number): boolean {
    if (this.#inString) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (byte === BACKSLASH) this.#isEscaped = true;
      else if (byte === QUOTE) {
        this.#inString = false;
        return this.#depth === 0;
      }
      return false;
    }
    const isSpace = byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
    if (this.#isScalar && (isSpace || byte === QUOTE || byte === OPEN_BRACE || byte === OPEN_BRACKET))
      return true;
    if (byte === QUOTE) this.#inString = true;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#depth += 1;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      this.#depth -= 1;
      return this.#depth <= 0;
    } else if (this.#depth === 0 && !isSpace) this.#isScalar = true;
    return false;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
