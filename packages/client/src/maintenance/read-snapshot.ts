/** A snapshot as it comes: pieces of a file, the last 32 bytes of which are the SHA-256 of what is before them. */
import { etcdserverpb, GrpcStatus } from "@quorate/proto";
import type { CallOptions, Calls } from "../calls.js";
import { QuorateError } from "../errors/errors.js";

/** One hash that is being computed. */
export interface Digest {
  /** Adds bytes. */
  update(bytes: Uint8Array): void;
  /** The hash of all bytes. */
  finish(): Uint8Array;
}

/** Port: SHA-256, which every runtime has under another name. */
export type CreateDigest = () => Digest;

/** A backup on its way. */
export interface Snapshot extends AsyncIterable<Uint8Array> {
  /** Bytes of the whole file, digest included; undefined before the first piece. */
  readonly totalBytes: number | undefined;
  /** Version of the storage that it is from, as `3.7.0`; empty before the first piece, and where the server does not tell it. */
  readonly version: string;
}

const DIGEST_BYTES = 32;

export function readSnapshot(
  calls: Calls,
  options: CallOptions & { readonly endpoint?: string },
  createDigest: CreateDigest | undefined,
): Snapshot {
  const facts: { totalBytes: number | undefined; version: string } = { totalBytes: undefined, version: "" };
  return {
    get totalBytes() {
      return facts.totalBytes;
    },
    get version() {
      return facts.version;
    },
    async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
      const check = createDigest === undefined ? undefined : new DigestCheck(createDigest());
      let bytes = 0;
      for await (const piece of calls.serverStream(etcdserverpb.Maintenance.method.snapshot, {}, options)) {
        const { blob, remainingBytes, version } = piece;
        // What remains is the database's; its digest comes behind it.
        facts.totalBytes ??= blob.length + Number(remainingBytes) + DIGEST_BYTES;
        if (facts.version === "") facts.version = version;
        bytes += blob.length;
        check?.add(blob);
        yield blob;
      }
      if (bytes < (facts.totalBytes ?? DIGEST_BYTES)) throw broken(`it ended after ${bytes} bytes`);
      if (check?.isRight() === false) throw broken("its digest is wrong");
    },
  };
}

class DigestCheck {
  readonly #digest: Digest;
  /** The last bytes so far, which may be the digest. */
  #tail = new Uint8Array(0);

  constructor(digest: Digest) {
    this.#digest = digest;
  }

  add(bytes: Uint8Array): void {
    const both = new Uint8Array(this.#tail.length + bytes.length);
    both.set(this.#tail);
    both.set(bytes, this.#tail.length);
    const end = Math.max(0, both.length - DIGEST_BYTES);
    this.#digest.update(both.subarray(0, end));
    this.#tail = both.slice(end);
  }

  isRight(): boolean {
    const expected = this.#digest.finish();
    return expected.every((byte, i) => byte === this.#tail[i]);
  }
}

function broken(why: string): QuorateError {
  return new QuorateError(`the snapshot is not whole: ${why}`, { code: GrpcStatus.DataLoss, retry: "read" });
}
