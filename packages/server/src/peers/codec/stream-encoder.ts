/**
 * The writing end of the two kinds of stream: a batch of messages becomes one buffer, whose size is computed first, so that
 * entries' bytes are copied once. Source: reference raft-peers-formats 3.5.
 */
import { entryBytes, type Message } from "@quorate/raft";
import { messageBytes, writeEntry, writeMessage } from "./message-encoder.js";
import { WireWriter } from "./wire-writer.js";

export interface StreamEncoder {
  /** Frames of the messages in order. Whatever is returned must be written: the encoder's state has moved on. */
  encode(messages: readonly Message[]): Buffer;
  /** A frame that means nothing but "I am here". */
  readonly linkHeartbeat: Buffer;
}

const LENGTH_BYTES = 8;
/** MsgHeartbeat from nobody to nobody in the short form of 3.7. */
const messageLinkHeartbeat = Buffer.from([0, 0, 0, 0, 0, 0, 0, 2, 0x08, 0x08]);
const msgAppLinkHeartbeat = Buffer.from([0]);

export function createMessageStreamEncoder(): StreamEncoder {
  return {
    linkHeartbeat: messageLinkHeartbeat,
    encode: (messages) => {
      let total = 0;
      for (const message of messages) total += LENGTH_BYTES + messageBytes(message);
      const writer = new WireWriter(Buffer.allocUnsafe(total));
      for (const message of messages) {
        writer.uint64(messageBytes(message));
        writeMessage(writer, message);
      }
      return writer.bytes;
    },
  };
}

/**
 * Encoder of one msgapp connection. A message that continues the previous one within the term is written without its head:
 * the reader knows it (see `MsgAppDecoder`).
 */
export class MsgAppEncoder implements StreamEncoder {
  readonly linkHeartbeat: Buffer = msgAppLinkHeartbeat;
  #term = 0;
  #index = 0;

  encode(messages: readonly Message[]): Buffer {
    const term = this.#term;
    const index = this.#index;
    let total = 0;
    for (const message of messages) {
      total += this.#continues(message)
        ? continuationBytes(message)
        : 1 + LENGTH_BYTES + messageBytes(message);
      this.#advance(message);
    }
    this.#term = term;
    this.#index = index;
    const writer = new WireWriter(Buffer.allocUnsafe(total));
    for (const message of messages) {
      if (this.#continues(message)) writeContinuation(writer, message);
      else {
        writer.byte(2);
        writer.uint64(messageBytes(message));
        writeMessage(writer, message);
      }
      this.#advance(message);
    }
    return writer.bytes;
  }

  /** Only when the entry before belongs to the current term: the reader takes one for the other. */
  #continues(message: Message): boolean {
    return (
      this.#index === message.index && this.#term === message.logTerm && message.logTerm === message.term
    );
  }

  #advance(message: Message): void {
    this.#term = message.term;
    this.#index = message.entries.at(-1)?.index ?? message.index;
  }
}

function continuationBytes({ entries }: Message): number {
  let total = 1 + LENGTH_BYTES + LENGTH_BYTES;
  for (const entry of entries) total += LENGTH_BYTES + entryBytes(entry);
  return total;
}

function writeContinuation(writer: WireWriter, { entries, commit }: Message): void {
  writer.byte(1);
  writer.uint64(entries.length);
  for (const entry of entries) {
    writer.uint64(entryBytes(entry));
    writeEntry(writer, entry);
  }
  writer.uint64(commit);
}
