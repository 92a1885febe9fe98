/**
 * JSON straight from a message's bytes, in pieces: an answer of megabytes is written a little at a time, and what it costs is the copying.
 * Names are as in the protocol, and nothing that has its default is written.
 */
import { BinaryReader, ScalarType, type DescField, type DescMessage } from "@quorate/proto";

/** The message is not as our own services write it; the library reads it in another way. */
export class UnusualMessageError extends Error {
  override readonly name = "UnusualMessageError";
}

/** From so many characters on a piece goes out. */
const PIECE_CHARACTERS = 32 * 1024;

/**
 * @returns the pieces of the text, each of at least `PIECE_CHARACTERS` but for the last.
 * @throws UnusualMessageError before the first piece, or after some
 */
export function* writeJson(schema: DescMessage, message: Uint8Array): Generator<string, void, void> {
  const sink = new Sink();
  yield* writeMessage(tableOf(schema), new BinaryReader(message), { end: message.length, sink });
  if (sink.text !== "") yield sink.take();
}

class Sink {
  text = "";

  take(): string {
    const { text } = this;
    this.text = "";
    return text;
  }
}

type ReadScalar = (reader: BinaryReader) => string;

interface FieldWriter {
  readonly name: string;
  readonly isList: boolean;
  /** The value that is left out, should it have been written all the same. */
  readonly hidden: string | undefined;
  readonly scalar: ReadScalar | undefined;
  readonly isPackable: boolean;
  readonly message: (() => Table) | undefined;
}

type Table = ReadonlyMap<number, FieldWriter>;

const tables = new Map<DescMessage, Table>();

function tableOf(schema: DescMessage): Table {
  let table = tables.get(schema);
  if (table === undefined) {
    table = new Map(schema.fields.map((field) => [field.number, writerOf(field)]));
    tables.set(schema, table);
  }
  return table;
}

function writerOf(field: DescField): FieldWriter {
  const isList = field.fieldKind === "list";
  const kind = field.fieldKind === "list" ? field.listKind : field.fieldKind;
  const scalar =
    kind === "enum"
      ? readEnum(field)
      : kind === "scalar" && field.scalar !== undefined
        ? SCALARS.get(field.scalar)
        : undefined;
  const { message: inner } = field;
  return {
    name: `${JSON.stringify(field.name)}:`,
    isList,
    hidden: isList || field.oneof !== undefined || field.proto.proto3Optional ? undefined : defaultOf(field),
    scalar,
    isPackable: field.scalar !== ScalarType.STRING && field.scalar !== ScalarType.BYTES,
    message: kind === "message" && inner !== undefined ? () => tableOf(inner) : undefined,
  };
}

function readEnum({ enum: values }: DescField): ReadScalar {
  const names = new Map(values?.values.map(({ number, name }) => [number, JSON.stringify(name)]));
  return (reader) => {
    const number = reader.int32();
    return names.get(number) ?? String(number);
  };
}

const SCALARS: ReadonlyMap<ScalarType, ReadScalar> = new Map<ScalarType, ReadScalar>([
  [ScalarType.BOOL, (reader) => String(reader.bool())],
  [ScalarType.INT32, (reader) => String(reader.int32())],
  [ScalarType.UINT32, (reader) => String(reader.uint32())],
  [ScalarType.INT64, (reader) => `"${String(reader.int64())}"`],
  [ScalarType.UINT64, (reader) => `"${String(reader.uint64())}"`],
  [ScalarType.STRING, (reader) => JSON.stringify(reader.string())],
  [ScalarType.BYTES, (reader) => base64(reader.bytes())],
]);

function base64(bytes: Uint8Array): string {
  return `"${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64")}"`;
}

const ZERO = Uint8Array.of(0);

/** As it reads when it is written: zero, and what has no length, are one byte of nothing. */
function defaultOf(field: DescField): string | undefined {
  if (field.fieldKind === "enum") return readEnum(field)(new BinaryReader(ZERO));
  if (field.fieldKind !== "scalar") return undefined;
  return SCALARS.get(field.scalar)?.(new BinaryReader(ZERO));
}

const LENGTH_DELIMITED = 2;

interface Place {
  readonly end: number;
  readonly sink: Sink;
}

function* writeMessage(
  table: Table,
  reader: BinaryReader,
  { end, sink }: Place,
): Generator<string, void, void> {
  sink.text += "{";
  let last = 0;
  let lastWritten: FieldWriter | undefined;
  let isFirst = true;
  while (reader.pos < end) {
    const [number, wireType] = reader.tag();
    const field = table.get(number);
    if (field === undefined) {
      reader.skip(wireType, number);
      continue;
    }
    if (number < last || (number === last && !field.isList))
      throw new UnusualMessageError("fields are out of order");
    last = number;
    const isContinued = lastWritten === field;
    if (!isContinued && lastWritten?.isList === true) sink.text += "]";
    const open = `${isContinued || !isFirst ? "," : ""}${isContinued ? "" : `${field.name}${field.isList ? "[" : ""}`}`;
    if (field.message !== undefined) {
      sink.text += open;
      yield* writeMessage(field.message(), reader, { end: endOfInner(reader), sink });
    } else if (field.scalar === undefined) {
      throw new UnusualMessageError("a field is of a kind that is not written here");
    } else if (field.isPackable && wireType === LENGTH_DELIMITED) {
      sink.text += open;
      const values: string[] = [];
      for (const packedEnd = endOfInner(reader); reader.pos < packedEnd;) values.push(field.scalar(reader));
      sink.text += values.join(",");
    } else {
      const text = field.scalar(reader);
      if (text === field.hidden) {
        if (!isContinued && lastWritten?.isList === true) lastWritten = undefined;
        continue;
      }
      sink.text += open;
      sink.text += text;
    }
    lastWritten = field;
    isFirst = false;
    if (sink.text.length >= PIECE_CHARACTERS) yield sink.take();
  }
  sink.text += lastWritten?.isList === true ? "]}" : "}";
}

function endOfInner(reader: BinaryReader): number {
  const length = reader.uint32();
  return reader.pos + length;
}
