/**
 * One database on its way to a follower by `POST /raft/snapshot`: `u64 length`, MsgSnap, the file. It has a connection of its own and
 * follows the pace of the receiver; nothing else waits for it.
 *
 * A body that is not ended properly tells the receiver that the database is incomplete, so every failure destroys the connection.
 */
import type { ClientRequest } from "node:http";
import type { OutgoingSnapshot } from "../member/peer-ports.js";
import { messageBytes, writeMessage } from "./codec/message-encoder.js";
import { WireWriter } from "./codec/wire-writer.js";
import { errorText, joinUrl, openRequest, type Connector } from "./http-request.js";
import { identityHeaders, type PeerIdentity } from "./identity.js";
import { SNAPSHOT_ANSWER_TIMEOUT_MS, SNAPSHOT_STALL_TIMEOUT_MS } from "./limits.js";
import { judgeAnswer, type PostAnswer } from "./post-answer.js";

export interface SnapshotTransfer {
  /** Ends the transfer as failed. */
  cancel(): void;
}

export interface SnapshotSenderOptions {
  readonly url: string;
  readonly identity: PeerIdentity;
  readonly connector: Connector;
  readonly snapshot: OutgoingSnapshot;
  /** Called exactly once; the bytes are those of the database that were handed to the socket. The snapshot is released before. */
  readonly onEnd: (answer: PostAnswer, bytes: number) => void;
}

const LENGTH_BYTES = 8;

/** Starts sending; never throws. */
export function sendSnapshot(options: SnapshotSenderOptions): SnapshotTransfer {
  const { snapshot, onEnd } = options;
  let bytes = 0;
  let ended = false;
  const end = (answer: PostAnswer): void => {
    if (ended) return;
    ended = true;
    request?.destroy();
    snapshot.release();
    onEnd(answer, bytes);
  };
  const fail = (reason: string): void => end({ kind: "failed", reason });
  let request: ClientRequest | undefined = undefined;
  try {
    request = openPost(options);
  } catch (error) {
    // As everywhere, the outcome is told after the call that began it.
    const reason = errorText(error);
    queueMicrotask(() => fail(reason));
    return { cancel: () => fail("stopped") };
  }
  request.setTimeout(SNAPSHOT_STALL_TIMEOUT_MS, () => fail("the receiver takes nothing"));
  judgeAnswer(request, end);
  writeBody(request, snapshot, (length) => {
    bytes += length;
    return !ended;
  }).catch((error: unknown) => fail(`cannot read the database: ${errorText(error)}`));
  return { cancel: () => fail("stopped") };
}

function openPost({ url, identity, connector }: SnapshotSenderOptions): ClientRequest {
  const headers = { ...identityHeaders(identity), "Content-Type": "application/octet-stream" };
  return openRequest(joinUrl(url, "/raft/snapshot"), { method: "POST", headers }, connector);
}

/**
 * @param onChunk counts what goes out and says whether to go on.
 */
async function writeBody(
  request: ClientRequest,
  { message, chunks }: OutgoingSnapshot,
  onChunk: (bytes: number) => boolean,
): Promise<void> {
  const length = messageBytes(message);
  const head = new WireWriter(Buffer.allocUnsafe(LENGTH_BYTES + length));
  head.uint64(length);
  writeMessage(head, message);
  if (!request.write(head.bytes)) await drained(request);
  for await (const chunk of chunks) {
    if (!onChunk(chunk.length)) return;
    // An empty chunk would end a chunked body.
    if (chunk.length > 0 && !request.write(chunk)) await drained(request);
  }
  if (!onChunk(0)) return;
  request.setTimeout(SNAPSHOT_ANSWER_TIMEOUT_MS);
  request.end();
}

/** Resolves when there is room again, or never will be. */
function drained(request: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    if (request.destroyed) {
      resolve();
      return;
    }
    const settle = (): void => {
      request.off("drain", settle);
      request.off("close", settle);
      resolve();
    };
    request.on("drain", settle);
    request.on("close", settle);
  });
}
