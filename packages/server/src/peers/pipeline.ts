/**
 * Messages by `POST /raft`, one each: for members that have not dialled yet, and for those whose streams are down. A few posts are under
 * way at once and a few wait; more are refused.
 */
import type { ClientRequest } from "node:http";
import type { Message } from "@quorate/raft";
import { encodeMessage, messageBytes } from "./codec/message-encoder.js";
import { errorText, joinUrl, keepConnections, openRequest, type Connector } from "./http-request.js";
import { identityHeaders, type PeerIdentity } from "./identity.js";
import {
  PIPELINE_CONNECTIONS_MAX,
  PIPELINE_QUEUE_BYTES_MAX,
  PIPELINE_QUEUE_MESSAGES_MAX,
  POST_IDLE_TIMEOUT_MS,
} from "./limits.js";
import { Outbox } from "./outbox.js";
import { judgeAnswer, type PostAnswer } from "./post-answer.js";
import type { UrlPicker } from "./url-picker.js";

export interface PipelineEvents {
  onDelivered(): void;
  /** So many bytes of a message were handed to a socket. */
  onSent?(bytes: number): void;
  onFailed(message: Message, reason: string): void;
  /** The peer says that this member was removed. */
  onRemoved(): void;
}

export interface PipelineOptions {
  readonly identity: PeerIdentity;
  readonly picker: UrlPicker;
  readonly connector: Connector;
  readonly events: PipelineEvents;
}

export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #kept: ReturnType<typeof keepConnections>;
  readonly #waiting = new Outbox({
    messagesMax: PIPELINE_QUEUE_MESSAGES_MAX,
    bytesMax: PIPELINE_QUEUE_BYTES_MAX,
  });
  readonly #posts = new Set<ClientRequest>();
  #stopped = false;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#kept = keepConnections(PIPELINE_CONNECTIONS_MAX);
  }

  /** @returns false when there is no room; the message was not taken then. */
  send(message: Message): boolean {
    if (this.#stopped || !this.#waiting.push(message, messageBytes(message))) return false;
    this.#post();
    return true;
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting.clear();
    for (const request of this.#posts) request.destroy();
    this.#kept.http.destroy();
    this.#kept.https.destroy();
  }

  #post(): void {
    while (!this.#stopped && this.#posts.size < PIPELINE_CONNECTIONS_MAX) {
      const message = this.#waiting.take(0)[0];
      if (message === undefined) return;
      this.#postOne(message);
    }
  }

  #postOne(message: Message): void {
    const { identity, picker, connector } = this.#options;
    const url = picker.pick();
    const body = encodeMessage(message);
    const headers = {
      ...identityHeaders(identity),
      "Content-Type": "application/protobuf",
      "Content-Length": body.length,
    };
    let request: ClientRequest;
    try {
      request = openRequest(joinUrl(url, "/raft"), { method: "POST", headers, kept: this.#kept }, connector);
    } catch (error) {
      this.#settle(message, url, { kind: "failed", reason: errorText(error) });
      return;
    }
    this.#posts.add(request);
    request.setTimeout(POST_IDLE_TIMEOUT_MS, () => request.destroy(new Error("i/o timeout")));
    judgeAnswer(request, (answer) => {
      this.#posts.delete(request);
      this.#settle(message, url, answer);
      this.#post();
    });
    this.#options.events.onSent?.(body.length);
    request.end(body);
  }

  #settle(message: Message, url: string, answer: PostAnswer): void {
    const { picker, events } = this.#options;
    if (this.#stopped) return;
    switch (answer.kind) {
      case "delivered":
        events.onDelivered();
        return;
      case "failed":
        picker.unreachable(url);
        events.onFailed(message, answer.reason);
        return;
      case "removed":
        events.onFailed(message, "the member has been permanently removed from the cluster");
        events.onRemoved();
        return;
    }
  }
}
