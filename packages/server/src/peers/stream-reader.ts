/**
 * The receiving end of one kind of stream from one peer: dials, reads until the connection ends, dials again, at most ten times
 * a second, for as long as the peer is known. Each attempt has a socket of its own.
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import { formatHexId } from "@quorate/proto";
import type { Message } from "@quorate/raft";
import type { ClockPort } from "../member/ports.js";
import { createMessageStreamDecoder, MsgAppDecoder } from "./codec/stream-decoder.js";
import { UnitDecoder } from "./codec/unit-decoder.js";
import { errorText, joinUrl, openRequest, type Connector } from "./http-request.js";
import { headerText, identityHeaders, type PeerIdentity } from "./identity.js";
import { DIAL_INTERVAL_MS, STREAM_READ_TIMEOUT_MS } from "./limits.js";
import { readText } from "./read-body.js";
import { StreamKind } from "./stream-kind.js";
import type { UrlPicker } from "./url-picker.js";
import { parseVersion } from "./version.js";

/** Longest refusal of which the words are of interest. */
const REFUSAL_BYTES_MAX = 4096;

export interface StreamReaderEvents {
  onEstablished(): void;
  /** A connection that had been established ended. `faultless`: the peer closed it. */
  onLost(reason: string, faultless: boolean): void;
  /** An attempt failed. `refusal`: the peer answered, and this is what it said. */
  onDialFailed(reason: string, refusal: boolean): void;
  onMessage(message: Message): void;
  /** So many bytes of an established stream have come. */
  onReceived(bytes: number): void;
  /** The peer says that this member was removed. */
  onRemoved(): void;
}

export interface StreamReaderOptions {
  readonly kind: StreamKind;
  readonly peerId: bigint;
  readonly identity: PeerIdentity;
  readonly picker: UrlPicker;
  readonly connector: Connector;
  readonly clock: Pick<ClockPort, "monotonicMs">;
  readonly events: StreamReaderEvents;
  /** Default `STREAM_READ_TIMEOUT_MS`; shorter in tests. */
  readonly readTimeoutMs?: number | undefined;
}

export class StreamReader {
  readonly #options: StreamReaderOptions;
  #request: ClientRequest | undefined = undefined;
  #retry: NodeJS.Timeout | undefined = undefined;
  #dialledAtMs = 0;
  #stopped = false;

  constructor(options: StreamReaderOptions) {
    this.#options = options;
  }

  start(): void {
    this.#dial();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#request?.destroy();
  }

  #dial(): void {
    const { kind, peerId, identity, picker, connector, clock } = this.#options;
    this.#dialledAtMs = clock.monotonicMs();
    const url = picker.pick();
    const path = `/raft/stream/${kind}/${formatHexId(identity.memberId)}`;
    const headers = { ...identityHeaders(identity), "X-Raft-To": formatHexId(peerId) };
    let request: ClientRequest;
    try {
      request = openRequest(joinUrl(url, path), { method: "GET", headers }, connector);
    } catch (error) {
      this.#failed(url, errorText(error), false);
      this.#dialLater();
      return;
    }
    this.#request = request;
    request.setTimeout(this.#options.readTimeoutMs ?? STREAM_READ_TIMEOUT_MS, () => {
      request.destroy(new Error("read: i/o timeout"));
    });
    const attempt: Attempt = { url, request, established: false, refused: false, ended: false };
    request.once("response", (response) => this.#onResponse(attempt, response));
    request.on("error", (error) => this.#end(attempt, error.message, false));
    request.once("close", () => {
      // The end of a refusal closes the request before its words have been looked at.
      if (!attempt.refused) this.#end(attempt, "unexpected EOF", true);
      if (!this.#stopped) this.#dialLater();
    });
    request.end();
  }

  #onResponse(attempt: Attempt, response: IncomingMessage): void {
    // Without a listener of its own, an error of the answer would end the process.
    response.on("error", (error) => this.#end(attempt, error.message, false));
    const version = headerText(response.headers, "x-server-version");
    if (version === undefined || parseVersion(version) === undefined) {
      this.#end(attempt, "unsupported stream type", false);
      attempt.request.destroy();
      return;
    }
    if (response.statusCode === 200) this.#read(attempt, response);
    else this.#refused(attempt, response);
  }

  #read(attempt: Attempt, response: IncomingMessage): void {
    const { events } = this.#options;
    const decoder = this.#createDecoder();
    attempt.established = true;
    events.onEstablished();
    response.on("data", (chunk: Buffer) => {
      if (this.#stopped || attempt.ended) return;
      events.onReceived(chunk.length);
      const fault = decoder.push(chunk);
      if (fault === undefined) return;
      this.#end(attempt, fault, false);
      attempt.request.destroy();
    });
    response.once("end", () => {
      this.#end(attempt, "EOF", true);
      attempt.request.destroy();
    });
  }

  #refused(attempt: Attempt, response: IncomingMessage): void {
    if (response.statusCode === 410) {
      this.#end(attempt, "the member has been permanently removed from the cluster", true);
      attempt.request.destroy();
      this.#options.events.onRemoved();
      return;
    }
    attempt.refused = true;
    const status = `${response.statusCode ?? 0} ${response.statusMessage ?? ""}`;
    readText(response, REFUSAL_BYTES_MAX).then(
      (text) => {
        this.#end(attempt, `${status}: ${text.trim()}`, true);
        attempt.request.destroy();
      },
      (error: unknown) => {
        this.#end(attempt, `${status}: ${errorText(error)}`, true);
        attempt.request.destroy();
      },
    );
  }

  /** Tells how the attempt went, once, whatever event comes first. */
  #end(attempt: Attempt, reason: string, byPeer: boolean): void {
    if (attempt.ended || this.#stopped) return;
    attempt.ended = true;
    if (attempt.established) this.#options.events.onLost(reason, byPeer);
    else this.#failed(attempt.url, reason, byPeer);
  }

  #failed(url: string, reason: string, refusal: boolean): void {
    this.#options.picker.unreachable(url);
    this.#options.events.onDialFailed(reason, refusal);
  }

  #dialLater(): void {
    const waitedMs = this.#options.clock.monotonicMs() - this.#dialledAtMs;
    this.#retry = setTimeout(() => this.#dial(), Math.max(0, DIAL_INTERVAL_MS - waitedMs));
  }

  #createDecoder(): UnitDecoder {
    const { kind, peerId, identity, events } = this.#options;
    const take = (message: Message): void => events.onMessage(message);
    return kind === StreamKind.MsgApp
      ? new UnitDecoder(new MsgAppDecoder({ local: identity.memberId, remote: peerId }, take))
      : createMessageStreamDecoder(take);
  }
}

interface Attempt {
  readonly url: string;
  readonly request: ClientRequest;
  established: boolean;
  refused: boolean;
  ended: boolean;
}
