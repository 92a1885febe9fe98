/** The npm package `hpack.js` behind two plain functions: a second opinion on HPACK, written by other people. */
import { createRequire } from "node:module";
import type { HeaderField } from "../hpack-encoder.js";

interface HpackJsField {
  name: string;
  value: string;
  neverIndex?: boolean;
  incremental?: boolean;
  huffman?: boolean;
}

interface HpackJsStream {
  read(): unknown;
  write(item: unknown): void;
  on(event: "error", listener: (error: Error) => void): void;
  updateTableSize(bytes: number): void;
  reset(): void;
  execute(): void;
}

interface HpackJsOptions {
  table: { maxSize: number };
}

const hpackJs = createRequire(import.meta.url)("hpack.js") as {
  compressor: { create(options: HpackJsOptions): HpackJsStream };
  decompressor: { create(options: HpackJsOptions): HpackJsStream };
};

function readAll(stream: HpackJsStream): unknown[] {
  const items: unknown[] = [];
  for (let item = stream.read(); item !== null; item = stream.read()) items.push(item);
  return items;
}

export class ReferenceEncoder {
  readonly #stream: HpackJsStream;

  constructor(maxTableBytes: number) {
    this.#stream = hpackJs.compressor.create({ table: { maxSize: maxTableBytes } });
  }

  /** Begins the next block with size updates to nothing and back. */
  reset(): void {
    this.#stream.reset();
  }

  encode(fields: readonly HeaderField[], huffman: boolean): Uint8Array {
    this.#stream.write(
      fields.map(({ name, value, indexing }): HpackJsField => {
        return {
          name,
          value,
          huffman,
          neverIndex: indexing === "never",
          incremental: indexing !== "without",
        };
      }),
    );
    return Buffer.concat(readAll(this.#stream) as Buffer[]);
  }
}

export class ReferenceDecoder {
  readonly #stream: HpackJsStream;

  constructor(maxTableBytes: number) {
    this.#stream = hpackJs.decompressor.create({ table: { maxSize: maxTableBytes } });
    this.#stream.on("error", (error) => {
      throw error;
    });
  }

  decode(block: Uint8Array): [name: string, value: string, sensitive: boolean][] {
    this.#stream.write(Buffer.from(block));
    this.#stream.execute();
    return (readAll(this.#stream) as HpackJsField[]).map((field) => [
      field.name,
      field.value,
      field.neverIndex === true,
    ]);
  }
}
