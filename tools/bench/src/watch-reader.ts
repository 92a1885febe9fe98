/** Reads watch responses from the bytes of a stream, as they arrive in any pieces: what was created, and values of events. */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { MessageSplitter } from "./message-splitter.js";

export interface WatchListener {
  onCreated(): void;
  /** @param value a view that is valid during the call only. */
  onEvent(value: Uint8Array): void;
  onCanceled(reason: string): void;
}

/** Field numbers of WatchResponse, Event and KeyValue. */
const createdField = 3;
const canceledField = 4;
const reasonField = 6;
const eventsField = 11;
const kvField = 2;
const valueField = 5;

export class WatchReader {
  readonly #listener: WatchListener;
  readonly #splitter: MessageSplitter;

  constructor(listener: WatchListener) {
    this.#listener = listener;
    this.#splitter = new MessageSplitter((message) => this.#readResponse(message));
  }

  read(bytes: Uint8Array): void {
    this.#splitter.read(bytes);
  }

  #readResponse(message: Uint8Array): void {
    const reader = new BinaryReader(message);
    let isCanceled = false;
    let reason = "";
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      if (field === eventsField) this.#readEvent(reader.bytes());
      else if (field === createdField && reader.bool()) this.#listener.onCreated();
      else if (field === canceledField) isCanceled = reader.bool();
      else if (field === reasonField) reason = reader.string();
      else if (field !== createdField) reader.skip(type);
    }
    if (isCanceled) this.#listener.onCanceled(reason);
  }

  #readEvent(event: Uint8Array): void {
    const kv = readBytes(event, kvField);
    this.#listener.onEvent(
      kv === undefined ? new Uint8Array() : (readBytes(kv, valueField) ?? new Uint8Array()),
    );
  }
}

function readBytes(message: Uint8Array, wanted: number): Uint8Array | undefined {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === wanted && type === WireType.LengthDelimited) return reader.bytes();
    reader.skip(type);
  }
  return undefined;
}
