/**
 * The sending end of one kind of stream to one peer. The peer dials; whatever connection it brings last is the one that is written to.
 *
 * Messages sent while code runs become one write when it ends. A socket that has not yet taken the last write gets no other one,
 * so a slow peer costs at most the outbox and one write; beyond that messages are refused and raft is told. A peer that takes
 * nothing for `STREAM_WRITE_TIMEOUT_MS` loses the connection.
 */
import type { ServerResponse } from "node:http";
import { MessageType, type Message } from "@quorate/raft";
import { messageBytes } from "./codec/message-encoder.js";
import { createMessageStreamEncoder, MsgAppEncoder, type StreamEncoder } from "./codec/stream-encoder.js";
import {
  LINK_HEARTBEAT_MS,
  STREAM_QUEUE_BYTES_MAX,
  STREAM_QUEUE_MESSAGES_MAX,
  STREAM_WRITE_BYTES_MAX,
  STREAM_WRITE_TIMEOUT_MS,
} from "./limits.js";
import { Outbox } from "./outbox.js";
import { StreamKind } from "./stream-kind.js";

export interface StreamWriterEvents {
  /** Messages that had been taken are lost, or may be. */
  onLost(reason: string): void;
  onAttached(): void;
  /** So many bytes were handed to the socket. */
  onSent(bytes: number): void;
  /** The connection is gone; not called for one that was replaced. */
  onDetached(reason: string): void;
}

/** One connection: what the peer's GET is answered with. */
interface Attachment {
  readonly response: ServerResponse;
  readonly encoder: StreamEncoder;
  /** A write is under way that the socket has not taken yet. */
  blocked: boolean;
}

export class StreamWriter {
  readonly #kind: StreamKind;
  readonly #events: StreamWriterEvents;
  readonly #outbox = new Outbox({ messagesMax: STREAM_QUEUE_MESSAGES_MAX, bytesMax: STREAM_QUEUE_BYTES_MAX });
  #attachment: Attachment | undefined = undefined;
  #flushing = false;
  #heartbeat: NodeJS.Timeout | undefined = undefined;

  constructor(kind: StreamKind, events: StreamWriterEvents) {
    this.#kind = kind;
    this.#events = events;
  }

  /** True while there is a connection. */
  get attached(): boolean {
    return this.#attachment !== undefined;
  }

  /** Encoded bytes that wait here, apart from the one write that the socket may hold. */
  get queuedBytes(): number {
    return this.#outbox.bytes;
  }

  /** Takes a connection whose head has been written; an older one ends. */
  attach(response: ServerResponse): void {
    this.#detach("replaced by a newer connection", "replaced");
    const encoder = this.#kind === StreamKind.MsgApp ? new MsgAppEncoder() : createMessageStreamEncoder();
    const attachment: Attachment = { response, encoder, blocked: false };
    this.#attachment = attachment;
    this.#heartbeat = setInterval(() => this.#sendHeartbeat(), LINK_HEARTBEAT_MS);
    const gone = (reason: string): void => {
      if (this.#attachment === attachment) this.#detach(reason, "lost");
    };
    // Heartbeats keep the socket busy, so silence means that it is blocked and makes no progress.
    response.setTimeout(STREAM_WRITE_TIMEOUT_MS, () => gone("write: i/o timeout"));
    response.on("drain", () => this.#unblock(attachment));
    response.on("error", (error) => gone(error.message));
    response.on("close", () => gone("connection closed"));
    this.#events.onAttached();
  }

  /** @returns false when there is no connection or no room; the message was not taken then. */
  send(message: Message): boolean {
    if (this.#attachment === undefined) return false;
    if (!this.#outbox.push(message, messageBytes(message))) return false;
    if (this.#flushing) return true;
    this.#flushing = true;
    process.nextTick(() => {
      this.#flushing = false;
      this.#flush();
    });
    return true;
  }

  stop(): void {
    this.#detach("stopped", "lost");
  }

  #flush(): void {
    const attachment = this.#attachment;
    while (attachment !== undefined && !attachment.blocked && this.#outbox.count > 0) {
      this.#write(attachment, attachment.encoder.encode(this.#outbox.take(STREAM_WRITE_BYTES_MAX)));
    }
  }

  #write(attachment: Attachment, bytes: Buffer): void {
    this.#events.onSent(bytes.length);
    attachment.blocked = !attachment.response.write(bytes);
  }

  #unblock(attachment: Attachment): void {
    attachment.blocked = false;
    if (this.#attachment === attachment) this.#flush();
  }

  /** A blocked socket needs none: what it holds tells the peer as much. */
  #sendHeartbeat(): void {
    const attachment = this.#attachment;
    if (attachment !== undefined && !attachment.blocked) {
      this.#write(attachment, attachment.encoder.linkHeartbeat);
    }
  }

  #detach(reason: string, how: "lost" | "replaced"): void {
    const attachment = this.#attachment;
    if (attachment === undefined) return;
    this.#attachment = undefined;
    clearInterval(this.#heartbeat);
    attachment.response.destroy();
    const lost = this.#outbox.clear();
    if (how === "lost") this.#events.onDetached(reason);
    if (lost > 0 || attachment.blocked) this.#events.onLost(reason);
  }
}

/** True for messages that have a stream of their own. */
export function travelsOnMsgApp(message: Message): boolean {
  return message.type === MessageType.MsgApp;
}
