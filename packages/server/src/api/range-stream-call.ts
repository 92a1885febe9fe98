/** One RangeStream call: chunks are read as fast as the client takes them, and none ahead. */
import {
  RangeStream,
  SORT_TARGET_KEY,
  WireWriter,
  type DeferredBody,
  type RangeChunk,
  type RangeView,
} from "@quorate/machine";
import type { ServerStreamCall } from "@quorate/rpc";
import type { Permissions } from "./auth/permissions.js";
import type { ResponseHeaders } from "./header.js";
import type { CurrentReaders } from "./current-readers.js";
import type { MemberFailure, MemberPort, ReadWaiter } from "./member-port.js";
import { failCongested } from "./replies.js";
import { failCall } from "./to-status.js";

export interface RangeStreamCallParts {
  readonly member: MemberPort;
  readonly headers: ResponseHeaders;
  readonly permissions: Permissions;
  readonly readers: CurrentReaders;
  readonly chunkBytesTarget: number;
  readonly onError: (error: unknown) => void;
}

const TAG_RANGE_RESPONSE = 0x0a;
const HEADER_BYTES = 64;

export class RangeStreamCall implements ReadWaiter {
  readonly #call: ServerStreamCall;
  readonly #range: RangeView;
  readonly #parts: RangeStreamCallParts;
  #stream: RangeStream | undefined;
  /** The answer that goes in one chunk, while it is being made. */
  #whole: DeferredBody | undefined;

  /** The bytes behind `range` must stay as they are. */
  constructor(call: ServerStreamCall, range: RangeView, parts: RangeStreamCallParts) {
    this.#call = call;
    this.#range = range;
    this.#parts = parts;
  }

  /** Call it in the handler. */
  start(): void {
    // A call that has ended stops the stream before its next chunk; between chunks nothing is held.
    this.#call.onCancel(() => {
      this.#whole?.release();
    });
    if (this.#range.serializable) this.onReady();
    else this.#parts.member.awaitReadIndex(this);
  }

  onReady(): void {
    if (this.#call.ended) return;
    // Each stream may queue a chunk before its client's window holds it back: many at once are as much as one long answer.
    if (this.#call.congested) return failCongested(this.#call);
    if (!this.#isPermitted()) return;
    if (this.#range.sortTarget === SORT_TARGET_KEY || this.#range.countOnly) this.#startChunks();
    else this.#sendWhole().catch(this.#parts.onError);
  }

  onFailed(failure: MemberFailure): void {
    failCall(this.#call, failure);
  }

  /** Asked anew before each chunk: a stream may outlive what its caller was granted. */
  #isPermitted(): boolean {
    const refusal = this.#parts.permissions.checkRange(this.#call, this.#range);
    if (refusal !== undefined) failCall(this.#call, refusal);
    return refusal === undefined;
  }

  #startChunks(): void {
    const { member, chunkBytesTarget } = this.#parts;
    this.#stream = new RangeStream(this.#range, { store: member.store, turns: member, chunkBytesTarget });
    this.#call.onDrain(() => {
      this.#pump().catch(this.#parts.onError);
    });
    this.#pump().catch(this.#parts.onError);
  }

  async #pump(): Promise<void> {
    const stream = this.#stream;
    if (stream === undefined) return;
    // One loop at a time: taken out while it runs, put back only to wait for the client.
    this.#stream = undefined;
    for (;;) {
      const chunk = await stream.next();
      if (this.#call.ended || !this.#isPermitted()) return;
      if (typeof chunk === "string") {
        failCall(this.#call, chunk);
        return;
      }
      const hasRoom = this.#send(chunk);
      if (chunk.last) {
        this.#call.end();
        return;
      }
      if (!hasRoom) {
        this.#stream = stream;
        return;
      }
      await this.#parts.member.yieldTurn();
    }
  }

  #send({ last, headerRevision, parts }: RangeChunk): boolean {
    const header = new WireWriter(HEADER_BYTES);
    if (last) this.#parts.headers.write(header, headerRevision);
    return this.#call.sendParts(frame([header.copy(), ...parts]));
  }

  /**
   * An order by something else than the key needs all rows before the first can be sent, so they go in one chunk. Upstream
   * orders within each chunk and can then skip or repeat keys.
   */
  async #sendWhole(): Promise<void> {
    const out = new WireWriter(HEADER_BYTES);
    this.#parts.headers.write(out, 0);
    const answer = this.#parts.readers.ranges.read(this.#range, out);
    if (typeof answer === "string") {
      failCall(this.#call, answer);
      return;
    }
    const head = out.copy();
    const body = answer === undefined ? [] : "deferred" in answer ? await this.#encode(answer) : answer;
    if (this.#call.ended) return;
    this.#call.sendParts(frame([head, ...body]));
    this.#call.end();
  }

  async #encode(body: DeferredBody): Promise<readonly Uint8Array[]> {
    this.#whole = body;
    const parts = await body.encode();
    this.#whole = undefined;
    return parts;
  }
}

/** A RangeStreamResponse around the parts of a RangeResponse. */
function frame(parts: readonly Uint8Array[]): Uint8Array[] {
  let size = 0;
  for (const part of parts) size += part.length;
  const prefix = new WireWriter(12);
  prefix.varint(TAG_RANGE_RESPONSE);
  prefix.varint(size);
  return [prefix.copy(), ...parts];
}
