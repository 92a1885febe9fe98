import type { Metadata } from "../metadata.js";

const none: readonly string[] = [];

/** Metadata over the two lists that a header block was decoded into; read-only, so calls may share one. */
export class FieldMetadata implements Metadata {
  readonly #names: readonly string[];
  readonly #values: readonly string[];

  /** @param names lower case, one per value. */
  constructor(names: readonly string[], values: readonly string[]) {
    this.#names = names;
    this.#values = values;
  }

  get(name: string): string | undefined {
    const at = this.#names.indexOf(name.toLowerCase());
    if (at < 0) return undefined;
    const value = this.#values[at] as string;
    return name.endsWith("-bin") ? splitBinary(value)[0] : value;
  }

  getAll(name: string): readonly string[] {
    const wanted = name.toLowerCase();
    let found: string[] | undefined;
    for (let at = this.#names.indexOf(wanted); at >= 0; at = this.#names.indexOf(wanted, at + 1)) {
      const value = this.#values[at] as string;
      found ??= [];
      if (wanted.endsWith("-bin")) found.push(...splitBinary(value));
      else found.push(value);
    }
    return found ?? none;
  }

  getBytes(name: string): Uint8Array | undefined {
    const text = this.get(name);
    return text === undefined ? undefined : Buffer.from(text, "base64");
  }

  *entries(): IterableIterator<readonly [name: string, value: string]> {
    for (const [at, name] of this.#names.entries()) yield [name, this.#values[at] as string];
  }
}

/** A peer may join several values of a binary header with commas, which base64 does not contain. */
function splitBinary(value: string): string[] {
  return value.includes(",") ? value.split(",").map((part) => part.trim()) : [value];
}

const base64Text = /^[A-Za-z0-9+/]*={0,2}$/;

/** True when every value of a `-bin` header is base64, whole with its padding or without any. */
export function isBinaryValue(value: string): boolean {
  return splitBinary(value).every((part) => {
    if (!base64Text.test(part)) return false;
    return part.endsWith("=") ? part.length % 4 === 0 : part.length % 4 !== 1;
  });
}
