/**
 * One download of the database: pieces of at most 32 KiB at the client's pace, then the checksum of all of them. A client trusts what
 * ends with a checksum, so one is sent only behind exactly as many bytes as were announced.
 * Source: operations 3.6.
 */
import { create, etcdserverpb, toBinary } from "@quorate/proto";
import type { ServerStreamCall } from "@quorate/rpc";
import type { DatabaseDownload, SnapshotPort } from "./ports/snapshot-port.js";

/** What clients and their buffers are made for (etcd). */
export const SNAPSHOT_PIECE_BYTES: number = 32 * 1024;

/** A SHA-256 under way. */
export interface Digest {
  update(bytes: Uint8Array): void;
  /** The 32 bytes; nothing can be added afterwards. */
  finish(): Uint8Array;
}

/** Lets a sender wait until the client has room again, or has left. */
class Pace {
  readonly #call: ServerStreamCall;
  #goOn: () => void = () => undefined;

  constructor(call: ServerStreamCall) {
    this.#call = call;
    const goOn = (): void => this.#goOn();
    call.onCancel(goOn);
    call.onDrain(goOn);
  }

  /** Resolves when the next message may be sent; at once when the call has ended. */
  async send(message: Uint8Array): Promise<void> {
    if (this.#call.ended || this.#call.send(message) || this.#call.ended) return;
    await new Promise<void>((resolve) => (this.#goOn = resolve));
  }
}

/** Sends the whole database and ends the call; a client that leaves ends it early. Whatever was opened is released. */
export async function downloadDatabase(
  call: ServerStreamCall,
  snapshots: SnapshotPort,
  digest: Digest,
): Promise<void> {
  // The listeners are set while the handler runs: a call takes none later.
  const pace = new Pace(call);
  const download = await snapshots.openDatabase();
  try {
    await sendAll(download, { call, pace, digest });
  } finally {
    download.release();
  }
}

interface Receiver {
  readonly call: ServerStreamCall;
  readonly pace: Pace;
  readonly digest: Digest;
}

async function sendAll(download: DatabaseDownload, { call, pace, digest }: Receiver): Promise<void> {
  const { sizeBytes, version, chunks } = download;
  let remainingBytes = sizeBytes;
  if (call.ended) return;
  for await (const chunk of chunks) {
    if (chunk.length > remainingBytes) throw new Error(`the database has more than its ${sizeBytes} bytes`);
    digest.update(chunk);
    for (let at = 0; at < chunk.length && !call.ended; at += SNAPSHOT_PIECE_BYTES) {
      const piece = chunk.subarray(at, at + SNAPSHOT_PIECE_BYTES);
      remainingBytes -= piece.length;
      await pace.send(encodePiece(piece, remainingBytes, version));
    }
    if (call.ended) return;
  }
  if (remainingBytes > 0) throw new Error(`the database lacks ${remainingBytes} of its ${sizeBytes} bytes`);
  await pace.send(encodePiece(digest.finish(), 0, version));
  if (!call.ended) call.end();
}

function encodePiece(blob: Uint8Array, remainingBytes: number, version: string): Uint8Array {
  const schema = etcdserverpb.SnapshotResponseSchema;
  return toBinary(schema, create(schema, { remainingBytes: BigInt(remainingBytes), blob, version }));
}
