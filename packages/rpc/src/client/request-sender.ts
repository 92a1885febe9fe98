/** The sending side of a client's connection: whole requests in one go. Frames and flow control are http2/frame-sender.ts. */
import {
  FrameFlag,
  FrameType,
  frameBytesDefault,
  frameHeaderBytes,
  writeFrameHeader,
  writeUint32,
} from "../http2/frame.js";
import { copyMessage, FrameSender } from "../http2/frame-sender.js";
import type { ClientCall } from "./client-call.js";

export class RequestSender extends FrameSender<ClientCall> {
  /** Whether another call may begin: what was written before is on its way. */
  get hasRoom(): boolean {
    return this.output.backlogBytes <= this.highWaterBytes;
  }

  /**
   * Writes a request of one message whole, head to end, when it can go out at once.
   * @returns false when it cannot; nothing was written then.
   */
  tryRequest(call: ClientCall, block: Uint8Array, message: Uint8Array): boolean {
    const length = message.length;
    const dataBytes = length + 5;
    if (block.length > frameBytesDefault || !this.takeWindow(call, dataBytes)) return false;
    this.framesSent += 2;
    const output = this.output;
    output.reserve(2 * frameHeaderBytes + block.length + dataBytes);
    const chunk = output.chunk;
    let at = writeFrameHeader(
      chunk,
      output.at,
      block.length,
      FrameType.headers,
      FrameFlag.endHeaders,
      call.id,
    );
    copyMessage(block, 0, block.length, chunk, at);
    at = writeFrameHeader(chunk, at + block.length, dataBytes, FrameType.data, FrameFlag.endStream, call.id);
    chunk[at] = 0;
    at = writeUint32(chunk, at + 1, length);
    copyMessage(message, 0, length, chunk, at);
    output.at = at + length;
    return true;
  }
}
