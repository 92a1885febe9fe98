/**
 * One peer: two streams that it dials to get our messages, two that we dial to get its, posts for what no stream can carry, and at most
 * one database on its way. Here is decided which way a message takes.
 */
import type { ServerResponse } from "node:http";
import { formatHexId } from "@quorate/proto";
import type { Message } from "@quorate/raft";
import type { ClockPort, ReportPort } from "../member/ports.js";
import type { OutgoingSnapshot, PeerEvents } from "../member/peer-ports.js";
import type { MemberMeters, PeerMeters } from "../metrics/member-meters.js";
import type { Connector } from "./http-request.js";
import type { PeerIdentity } from "./identity.js";
import { PeerStatus } from "./peer-status.js";
import { Pipeline } from "./pipeline.js";
import { sendSnapshot, type SnapshotTransfer } from "./snapshot-sender.js";
import { streamKinds, StreamKind, streamNames } from "./stream-kind.js";
import { StreamReader } from "./stream-reader.js";
import { StreamWriter, travelsOnMsgApp } from "./stream-writer.js";
import { UrlPicker } from "./url-picker.js";

/** What all peers of a member have in common. */
export interface PeerContext {
  readonly identity: PeerIdentity;
  readonly connector: Connector;
  readonly clock: ClockPort;
  readonly report: ReportPort;
  readonly events: PeerEvents;
  readonly meters: MemberMeters;
  /** Called for every message of a stream. */
  readonly onMessage: (message: Message) => void;
  /** Another member says that this one was removed. */
  readonly onRemoved: () => void;
  readonly streamReadTimeoutMs?: number | undefined;
}

/** What a member says to a stream of one that it does not know (yet). */
const SENDER_NOT_FOUND = "error sender not found";

export class Peer {
  readonly id: bigint;
  readonly picker: UrlPicker;
  readonly status: PeerStatus;
  readonly #context: PeerContext;
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #writers: Readonly<Record<StreamKind, StreamWriter>>;
  readonly #readers: readonly StreamReader[];
  readonly #pipeline: Pipeline;
  readonly #meters: PeerMeters;
  #transfer: SnapshotTransfer | undefined = undefined;
  #stopped = false;
  #refusalTold: string | undefined = undefined;
  #dropTold = false;
  #unreachableSoon = false;

  constructor(id: bigint, urls: readonly string[], context: PeerContext) {
    this.id = id;
    this.picker = new UrlPicker(urls);
    this.#meters = context.meters.peer(formatHexId(id));
    this.status = new PeerStatus(id, context, () => (this.#meters.disconnections += 1));
    this.#context = context;
    this.#fields = {
      "local-member-id": formatHexId(context.identity.memberId),
      "remote-peer-id": formatHexId(id),
    };
    this.#writers = {
      message: this.#createWriter(StreamKind.Message),
      msgapp: this.#createWriter(StreamKind.MsgApp),
    };
    this.#readers = streamKinds.map((kind) => this.#createReader(kind));
    const { identity, connector } = context;
    this.#pipeline = new Pipeline({
      identity,
      picker: this.picker,
      connector,
      events: {
        onDelivered: () => this.status.activate(),
        onFailed: (_message, reason) => this.#onPostFailed(reason),
        onSent: (bytes) => (this.#meters.sentBytes += bytes),
        onRemoved: context.onRemoved,
      },
    });
  }

  /** Begins to dial. */
  start(): void {
    this.#context.report.info("starting remote peer", { "remote-peer-id": formatHexId(this.id) });
    for (const reader of this.#readers) reader.start();
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const kind of streamKinds) this.#writers[kind].stop();
    for (const reader of this.#readers) reader.stop();
    this.#pipeline.stop();
    this.#transfer?.cancel();
    this.#context.report.info("stopped remote peer", { "remote-peer-id": formatHexId(this.id) });
  }

  /** Encoded bytes that wait for the peer's streams. */
  get queuedBytes(): number {
    return this.#writers.message.queuedBytes + this.#writers.msgapp.queuedBytes;
  }

  /** Gives the stream a connection that the peer has dialled. */
  attach(kind: StreamKind, response: ServerResponse): void {
    if (this.#stopped) response.destroy();
    else this.#writers[kind].attach(response);
  }

  /**
   * MsgApp goes over its own stream, else the general one; all else over the general one. What has no stream is posted. A message
   * that fits nowhere is dropped and the peer reported as unreachable: raft sends again what matters.
   */
  send(message: Message): void {
    if (this.#stopped) return;
    const writer = this.#pickWriter(message);
    const taken = writer === undefined ? this.#pipeline.send(message) : writer.send(message);
    if (taken) {
      this.#dropTold = false;
      return;
    }
    this.#meters.sentFailures += 1;
    this.#reportUnreachable();
    // Once a jam: a jammed peer has thousands of these.
    if (this.#dropTold) return;
    this.#dropTold = true;
    this.#context.report.warn("dropped internal Raft message since sending buffer is full", {
      ...this.#fields,
      "message-type": message.type,
      "remote-peer-active": this.status.activeSinceMs !== undefined,
    });
  }

  /** Takes over the snapshot in any case; it is released and its outcome told once. */
  sendSnapshot(snapshot: OutgoingSnapshot): void {
    const { events, report, identity, connector } = this.#context;
    if (this.#stopped || this.#transfer !== undefined) {
      snapshot.release();
      queueMicrotask(() => events.reportSnapshot(this.id, false));
      return;
    }
    const url = this.picker.pick();
    const meters = this.#meters;
    const startMs = this.#context.clock.monotonicMs();
    meters.snapshotSendInflight += 1;
    const fields = {
      ...this.#fields,
      "snapshot-index": snapshot.message.snapshot?.metadata.index ?? 0,
    };
    report.info("sending database snapshot", fields);
    this.#transfer = sendSnapshot({
      url,
      identity,
      connector,
      snapshot,
      onEnd: (answer, bytes) => {
        this.#transfer = undefined;
        meters.snapshotSendInflight -= 1;
        meters.sentBytes += bytes;
        if (answer.kind === "delivered") {
          meters.snapshotSendSuccess += 1;
          meters.snapshotSendSeconds.observe((this.#context.clock.monotonicMs() - startMs) / 1000);
          this.status.activate();
          report.info("sent database snapshot", { ...fields, bytes });
        } else {
          meters.snapshotSendFailures += 1;
          meters.sentFailures += 1;
          const reason = answer.kind === "failed" ? answer.reason : "this member was removed";
          report.warn("failed to send database snapshot", { ...fields, bytes, error: reason });
          this.picker.unreachable(url);
          this.status.deactivate({ action: "post", source: "snapshot", reason });
          this.#reportUnreachable();
        }
        events.reportSnapshot(this.id, answer.kind === "delivered");
        if (answer.kind === "removed") this.#context.onRemoved();
      },
    });
  }

  #pickWriter(message: Message): StreamWriter | undefined {
    const { message: general, msgapp } = this.#writers;
    if (travelsOnMsgApp(message) && msgapp.attached) return msgapp;
    return general.attached ? general : undefined;
  }

  #onPostFailed(reason: string): void {
    this.#meters.sentFailures += 1;
    this.status.deactivate({ action: "write", source: "pipeline", reason });
    this.#reportUnreachable();
  }

  /** After the code that runs: a member that is just sending must not be called. Many failures at once are one report. */
  #reportUnreachable(): void {
    if (this.#unreachableSoon || this.#stopped) return;
    this.#unreachableSoon = true;
    queueMicrotask(() => {
      this.#unreachableSoon = false;
      this.#context.events.reportUnreachable(this.id);
    });
  }

  #createWriter(kind: StreamKind): StreamWriter {
    const { report } = this.#context;
    const fields = { "stream-writer-type": streamNames[kind], ...this.#fields };
    return new StreamWriter(kind, {
      onAttached: () => {
        this.status.activate();
        report.info("established TCP streaming connection with remote peer", fields);
      },
      onDetached: (reason) => {
        if (this.#stopped) {
          report.info("stopped TCP streaming connection with remote peer", fields);
          return;
        }
        this.status.deactivate({ action: "write", source: streamNames[kind], reason });
        report.warn("lost TCP streaming connection with remote peer", { ...fields, error: reason });
      },
      onLost: () => {
        this.#meters.sentFailures += 1;
        this.#reportUnreachable();
      },
      onSent: (bytes) => (this.#meters.sentBytes += bytes),
    });
  }

  #createReader(kind: StreamKind): StreamReader {
    const { identity, connector, clock, report } = this.#context;
    const name = streamNames[kind];
    const fields = { "stream-reader-type": name, ...this.#fields };
    return new StreamReader({
      kind,
      peerId: this.id,
      identity,
      picker: this.picker,
      connector,
      clock,
      readTimeoutMs: this.#context.streamReadTimeoutMs,
      events: {
        onEstablished: () => {
          this.#refusalTold = undefined;
          this.status.activate();
          report.info("established TCP streaming connection with remote peer", fields);
        },
        onReceived: (bytes) => (this.#meters.receivedBytes += bytes),
        onLost: (reason, byPeer) => {
          this.#meters.receivedFailures += 1;
          report.warn("lost TCP streaming connection with remote peer", { ...fields, error: reason });
          // A peer that closes a connection in order may still be well; dialling it again will tell.
          if (!byPeer) this.status.deactivate({ action: "read", source: name, reason });
        },
        onDialFailed: (reason, refusal) => {
          this.#meters.receivedFailures += 1;
          // A newcomer answers what is posted to it long before it knows whose streams to accept.
          const isNewcomer = refusal && reason.includes(SENDER_NOT_FOUND);
          if (!isNewcomer) this.status.deactivate({ action: "dial", source: name, reason });
          if (refusal) this.#tellRefusal(reason, fields);
        },
        onMessage: this.#context.onMessage,
        onRemoved: this.#context.onRemoved,
      },
    });
  }

  /** A peer that is there and says no (another cluster, another version) is worth a line, but not ten a second. */
  #tellRefusal(reason: string, fields: Readonly<Record<string, unknown>>): void {
    if (this.#refusalTold === reason) return;
    this.#refusalTold = reason;
    const message = reason.includes("cluster ID mismatch")
      ? "request sent was ignored by remote peer due to cluster ID mismatch"
      : reason.includes("incompatible version")
        ? "request sent was ignored by remote peer due to server version incompatibility"
        : "remote peer refused a stream";
    this.#context.report.warn(message, { ...fields, error: reason });
  }
}
