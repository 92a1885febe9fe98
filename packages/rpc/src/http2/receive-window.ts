/**
 * The receive side of flow control, for a connection or a stream: what the peer may still send, and when to give more.
 *
 *        |<----------------- target ----------------->|
 *        | consumed, not yet given back |  left        |
 *
 * Credit is given back in one WINDOW_UPDATE once half of the target was consumed. A reader that keeps up gets a target
 * twice as large each time, up to the maximum: whoever sends much soon finds the window open for a round trip's worth.
 */
import { ConnectionError, ErrorCode } from "./frame.js";

export class ReceiveWindow {
  /** Bytes the peer may send before it has to wait. */
  left: number;
  target: number;
  /** Bytes taken by the reader and not given back yet. */
  consumed = 0;
  readonly #targetMax: number;

  /** @param left what the peer believes at the start. @param target what we want it to be. */
  constructor(left: number, target: number, targetMax: number) {
    this.left = left;
    this.target = target;
    this.#targetMax = targetMax;
  }

  /** @throws ConnectionError FLOW_CONTROL_ERROR when the peer sends more than it may. */
  receive(bytes: number): void {
    this.left -= bytes;
    if (this.left < 0) {
      throw new ConnectionError(ErrorCode.flowControlError, `${-this.left} bytes beyond the window`);
    }
  }

  /** The reader has taken `bytes`. @returns the increment to send now, 0 for none. */
  consume(bytes: number): number {
    this.consumed += bytes;
    if (this.consumed * 2 < this.target) return 0;
    const grown = Math.min(this.#targetMax, this.target * 2);
    const increment = this.consumed + grown - this.target;
    this.target = grown;
    this.consumed = 0;
    this.left += increment;
    return increment;
  }
}
