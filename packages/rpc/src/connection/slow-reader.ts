/**
 * Notices a peer that does not take what it asked for: while much is waiting and not a byte moves for `stallTimeoutMs`,
 * the connection is given up.
 *
 * Waiting counts in two places, and each has its own measure of movement: bytes in the socket move when the kernel takes
 * some; bytes held back by flow control move when any DATA is sent.
 */
import type { ServerContext } from "../server-context.js";
import { Alarm } from "../timer-wheel.js";
import type { Outbound } from "./outbound.js";

export class SlowReader {
  readonly #context: ServerContext;
  readonly #outbound: Outbound;
  readonly #onStalled: () => void;
  readonly #alarm = new Alarm(() => {
    this.#check();
  });
  #takenThen = -1;
  #dataThen = -1;

  constructor(context: ServerContext, outbound: Outbound, onStalled: () => void) {
    this.#context = context;
    this.#outbound = outbound;
    this.#onStalled = onStalled;
  }

  /** Something is waiting: watch from now on, unless that is being done. Cheap enough for each turn. */
  watch(): void {
    if (this.#alarm.wheelTick < 0 && this.#isWaiting()) this.#restart();
  }

  stop(): void {
    this.#context.wheel.stop(this.#alarm);
  }

  #isWaiting(): boolean {
    const { outputHighWaterBytes, stallBytesMin } = this.#context.options.limits;
    return (
      this.#outbound.output.backlogBytes > outputHighWaterBytes || this.#outbound.queuedBytes > stallBytesMin
    );
  }

  #check(): void {
    if (!this.#isWaiting()) return;
    const { outputHighWaterBytes } = this.#context.options.limits;
    const { output, dataBytes } = this.#outbound;
    const inSocket = output.backlogBytes > outputHighWaterBytes;
    if (inSocket ? output.takenBytes === this.#takenThen : dataBytes === this.#dataThen) this.#onStalled();
    else this.#restart();
  }

  #restart(): void {
    this.#takenThen = this.#outbound.output.takenBytes;
    this.#dataThen = this.#outbound.dataBytes;
    this.#context.wheel.startIn(this.#alarm, this.#context.options.limits.stallTimeoutMs);
  }
}
