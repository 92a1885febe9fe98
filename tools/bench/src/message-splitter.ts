/** Cuts the bytes of a gRPC stream, which arrive in any pieces, into its messages. */
import { framePrefixBytes } from "./messages.js";

export class MessageSplitter {
  readonly #onMessage: (message: Uint8Array) => void;
  #pending: Buffer = Buffer.alloc(0);

  /** @param onMessage gets a view that is valid during the call only. */
  constructor(onMessage: (message: Uint8Array) => void) {
    this.#onMessage = onMessage;
  }

  read(bytes: Uint8Array): void {
    const input = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    const view = new DataView(input.buffer, input.byteOffset, input.length);
    let offset = 0;
    while (input.length - offset >= framePrefixBytes) {
      const end = offset + framePrefixBytes + view.getUint32(offset + 1);
      if (end > input.length) break;
      this.#onMessage(input.subarray(offset + framePrefixBytes, end));
      offset = end;
    }
    this.#pending = Buffer.from(input.subarray(offset));
  }
}
