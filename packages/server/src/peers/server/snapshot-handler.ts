/**
 * `POST /raft/snapshot`: a leader sends the whole database. Neither length nor checksum come with it, so a body that was not ended
 * properly is refused, and a database is looked through before raft hears of it. Source: reference raft-peers-formats 3.7.
 */
import { rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { formatHexId } from "@quorate/proto";
import { MessageType, type Message } from "@quorate/raft";
import type { ReportPort } from "../../member/ports.js";
import type { MemberMeters, PeerMeters } from "../../metrics/member-meters.js";
import { decodeWholeMessage, MalformedMessage } from "../codec/message-decoder.js";
import { errorText } from "../http-request.js";
import { headerText } from "../identity.js";
import { SNAPSHOT_MESSAGE_BYTES_MAX, SNAPSHOT_READ_TIMEOUT_MS, SNAPSHOTS_RECEIVED_MAX } from "../limits.js";
import { removeUnfinishedSnapshots, SnapshotFile, type VerifyDatabase } from "../snapshot-file.js";
import type { StreamHost } from "../transport.js";
import { sendErrorAndClose } from "./answers.js";
import { passRaftGate, sendReception } from "./raft-gate.js";

export interface SnapshotHandlerOptions {
  readonly host: StreamHost;
  readonly report: ReportPort;
  /** Where databases are put; exists. */
  readonly directory: string;
  readonly verify: VerifyDatabase;
  /** Counted into. */
  readonly meters: MemberMeters;
}

const LENGTH_BYTES = 8;
/** Source: etcd's label for members without an id. */
const UNKNOWN_PEER = "0";
/** Members with counts of their own; what more of them send is counted together. */
const SENDERS_MAX = 100;

/** Where a body stands: its message first, then the database. */
type Incoming =
  | { readonly kind: "message"; readonly message: Message; readonly rest: Buffer }
  | { readonly kind: "malformed"; readonly reason: string };

export class SnapshotHandler {
  readonly #options: SnapshotHandlerOptions;
  readonly #senders = new Map<string, IncomingMessage>();
  readonly #running = new Set<Promise<void>>();
  #serial = 0;
  #cleaned: Promise<void> | undefined = undefined;

  constructor(options: SnapshotHandlerOptions) {
    this.#options = options;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!passRaftGate(this.#options.host, request, response)) return;
    const sender = headerText(request.headers, "x-server-from") ?? "";
    // A sender that begins anew has given the older transfer up.
    this.#senders.get(sender)?.destroy(new Error("a newer snapshot of the same sender has begun"));
    if (this.#running.size >= SNAPSHOTS_RECEIVED_MAX) {
      sendErrorAndClose(response, 500, "failed to save KV snapshot (too many snapshots are being received)");
      return;
    }
    this.#senders.set(sender, request);
    const run = this.#receive(request, response, sender);
    this.#running.add(run);
    try {
      await run;
    } finally {
      this.#running.delete(run);
      if (this.#senders.get(sender) === request) this.#senders.delete(sender);
    }
  }

  /** Ends what is under way and resolves when no file of it is left. */
  async stop(): Promise<void> {
    for (const request of this.#senders.values()) request.destroy();
    await Promise.allSettled(this.#running);
  }

  async #receive(request: IncomingMessage, response: ServerResponse, sender: string): Promise<void> {
    const silence = setTimeout(() => request.destroy(new Error("i/o timeout")), SNAPSHOT_READ_TIMEOUT_MS);
    try {
      const body = request[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
      const incoming = await readMessage(body, silence);
      if (incoming.kind === "malformed") {
        sendErrorAndClose(response, 400, `failed to decode raft message (${incoming.reason})`);
        return;
      }
      const { message, rest } = incoming;
      if (message.type !== MessageType.MsgSnap || message.snapshot === null) {
        sendErrorAndClose(response, 400, "wrong raft message type");
        return;
      }
      const meters = this.#metersOf(message.from);
      meters.snapshotReceiveInflight += 1;
      try {
        await this.#save(message, { body, rest, silence, response, sender, meters });
      } finally {
        meters.snapshotReceiveInflight -= 1;
      }
    } catch (error) {
      sendErrorAndClose(response, 400, `failed to decode raft message (${errorText(error)})`);
    } finally {
      clearTimeout(silence);
    }
  }

  /** A new member knows nobody yet, so senders are taken at their word, up to a limit. */
  #metersOf(from: bigint): PeerMeters {
    const { meters } = this.#options;
    const id = formatHexId(from);
    return meters.peer(meters.peers.has(id) || meters.peers.size < SENDERS_MAX ? id : UNKNOWN_PEER);
  }

  async #save(message: Message, transfer: Transfer): Promise<void> {
    const { host, report, verify, meters } = this.#options;
    const index = message.snapshot?.metadata.index ?? 0;
    const fields = {
      "local-member-id": formatHexId(host.identity.memberId),
      "remote-snapshot-sender-id": transfer.sender,
      "incoming-snapshot-index": index,
    };
    report.info("receiving database snapshot", fields);
    const startMs = performance.now();
    let path: string;
    try {
      const file = await this.#createFile();
      await fill(file, transfer);
      path = await file.finish(index, verify);
      const seconds = (performance.now() - startMs) / 1000;
      transfer.meters.snapshotReceiveSuccess += 1;
      transfer.meters.snapshotReceiveSeconds.observe(seconds);
      transfer.meters.receivedBytes += file.bytes;
      meters.receivedDatabaseSeconds.observe(seconds);
      meters.receivedDatabaseSyncSeconds.observe(file.syncMs / 1000);
      const bytes = file.bytes;
      report.info("received and saved database snapshot", {
        ...fields,
        "incoming-snapshot-size-bytes": bytes,
      });
    } catch (error) {
      transfer.meters.snapshotReceiveFailures += 1;
      const reason = errorText(error);
      report.warn("failed to save incoming database snapshot", { ...fields, error: reason });
      sendErrorAndClose(transfer.response, 500, `failed to save KV snapshot (${reason})`);
      return;
    }
    const reception = await host.events.receiveSnapshot(message, path);
    if (reception !== "accepted") await rm(path, { force: true });
    sendReception(
      transfer.response,
      reception,
      "failed to process raft message (the member did not take it)",
    );
  }

  async #createFile(): Promise<SnapshotFile> {
    const { directory } = this.#options;
    this.#cleaned ??= removeUnfinishedSnapshots(directory);
    await this.#cleaned;
    this.#serial += 1;
    return SnapshotFile.create(directory, this.#serial);
  }
}

interface Transfer {
  readonly body: AsyncIterator<Buffer>;
  readonly rest: Buffer;
  /** Ends the transfer when it is not put off. */
  readonly silence: NodeJS.Timeout;
  readonly response: ServerResponse;
  readonly sender: string;
  /** Of the sender. */
  readonly meters: PeerMeters;
}

/** Takes the whole body; leaves no file behind when it does not come to its end. */
async function fill(file: SnapshotFile, { body, rest, silence }: Transfer): Promise<void> {
  try {
    if (rest.length > 0) await file.append(rest);
    for (let next = await body.next(); next.done !== true; next = await body.next()) {
      silence.refresh();
      await file.append(next.value);
    }
  } catch (error) {
    await file.discard();
    throw error;
  }
}

async function readMessage(body: AsyncIterator<Buffer>, silence: NodeJS.Timeout): Promise<Incoming> {
  const parts: Buffer[] = [];
  let have = 0;
  let needed = LENGTH_BYTES;
  for (;;) {
    const next = await body.next();
    if (next.done === true) return { kind: "malformed", reason: "unexpected EOF" };
    silence.refresh();
    parts.push(next.value);
    have += next.value.length;
    if (have < needed) continue;
    const bytes = parts.length === 1 ? next.value : Buffer.concat(parts);
    const length = Number(bytes.readBigUInt64BE(0));
    if (length > SNAPSHOT_MESSAGE_BYTES_MAX) {
      return { kind: "malformed", reason: "error limit exceeded" };
    }
    needed = LENGTH_BYTES + length;
    if (have < needed) {
      parts.splice(0, parts.length, bytes);
      continue;
    }
    const message = decodeWholeMessage(bytes.subarray(LENGTH_BYTES, needed));
    return message instanceof MalformedMessage
      ? { kind: "malformed", reason: message.reason }
      : { kind: "message", message, rest: bytes.subarray(needed) };
  }
}
