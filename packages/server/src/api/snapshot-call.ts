/**
 * One download of the database: pieces of 32 KiB at the client's pace, then the checksum of all of them.
 * Source: operations 3.6.
 */
import { create, etcdserverpb, toBinary } from "@quorate/proto";
import type { ServerStreamCall } from "@quorate/rpc";
import type { DatabaseDownload } from "./ports/snapshot-port.js";

/** What clients and their buffers are made for (etcd). */
export const SNAPSHOT_PIECE_BYTES: number = 32 * 1024;

/** A SHA-256 under way. */
export interface Digest {
  update(bytes: Uint8Array): void;
  /** The 32 bytes; nothing can be added afterwards. */
  finish(): Uint8Array;
}

/** Sends the whole download and ends the call; a client that leaves ends it early. Releases the download in every case. */
export async function sendDatabase(
  call: ServerStreamCall,
  download: DatabaseDownload,
  digest: Digest,
): Promise<void> {
  const { version } = download;
  let drained: () => void = () => undefined;
  call.onDrain(() => drained());
  call.onCancel(() => drained());
  const send = async (blob: Uint8Array, remainingBytes: number): Promise<void> => {
    const message = create(etcdserverpb.SnapshotResponseSchema, {
      remainingBytes: BigInt(remainingBytes),
      blob,
      version,
    });
    if (call.send(toBinary(etcdserverpb.SnapshotResponseSchema, message)) || call.ended) return;
    await new Promise<void>((resolve) => (drained = resolve));
  };
  try {
    let remainingBytes = download.sizeBytes;
    for await (const chunk of download.chunks) {
      digest.update(chunk);
      for (let at = 0; at < chunk.length; at += SNAPSHOT_PIECE_BYTES) {
        const piece = chunk.subarray(at, at + SNAPSHOT_PIECE_BYTES);
        remainingBytes -= piece.length;
        await send(piece, remainingBytes);
        if (call.ended) return;
      }
    }
    await send(digest.finish(), 0);
    if (!call.ended) call.end();
  } finally {
    download.release();
  }
}
