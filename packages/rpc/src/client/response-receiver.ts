/**
 * The receiving side of a client's connection: what each frame means for the calls and for the connection.
 *
 * A frame for a call that has ended here is legal, since it may have been on its way, and counts against the budget of frames without
 * use. One for a stream that was never opened costs the connection. Not here: the shape of frames (http2/frame-receiver.ts).
 */
import { ConnectionError, ErrorCode } from "../http2/frame.js";
import { FrameReceiver } from "../http2/frame-receiver.js";
import type { ClientCall } from "./client-call.js";
import type { ResolvedChannelOptions } from "./options.js";
import type { RequestSender } from "./request-sender.js";
import { ResponseReader } from "./response-fields.js";
import type { TimerWheel } from "../timer-wheel.js";

/** What the frames tell the connection. */
export interface ReceiverHost {
  readonly options: ResolvedChannelOptions;
  readonly wheel: TimerWheel;
  readonly sender: RequestSender;
  readonly calls: ReadonlyMap<number, ClientCall>;
  /** The id that the next call gets. */
  readonly nextStreamId: number;
  /** The SETTINGS of the server have been applied; calls may begin. */
  onSettings(): void;
  onMaxConcurrentStreams(count: number): void;
  onHeaderTableSize(bytes: number): void;
  onGoAway(lastStreamId: number, code: number, debug: string): void;
  /** Forgets a call. */
  remove(call: ClientCall): void;
  /** Resets a call and forgets it. */
  reset(call: ClientCall, errorCode: number): void;
  /** A rule was broken outside of any frame. */
  fail(error: ConnectionError): void;
}

/** Characters of what a server says in its GOAWAY. */
const debugCharactersMax = 200;

export class ResponseReceiver extends FrameReceiver<ClientCall> {
  /** Servers do not take pushes. */
  readonly enablePushMax = 0;
  readonly #host: ReceiverHost;
  readonly #reader: ResponseReader;

  constructor(host: ReceiverHost) {
    const { options, wheel, sender } = host;
    super({ sender, limits: options.limits, wheel, nowMs: options.nowMs });
    this.#host = host;
    this.#reader = new ResponseReader(options.limits.headerListBytesMax);
  }

  /** We have sent DATA or HEADERS: the server has reason to answer with window updates, and with frames that come late. */
  onFramesSent(count: number): void {
    this.idleFrameBudget.give(4 * count);
  }

  override onHeaderBlock(
    streamId: number,
    endStream: boolean,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    // Whatever becomes of it, each block passes through the reader: the next one builds on it.
    const fields = this.#reader.read(bytes, start, end);
    const call = this.#host.calls.get(streamId);
    if (call === undefined) this.#onFrameOfUnknownStream(streamId);
    else call.onFields(fields, endStream);
  }

  override onHeaderBlockTimeout(): void {
    this.#host.fail(new ConnectionError(ErrorCode.enhanceYourCalm, "header block takes too long"));
  }

  override onHeaderTableSize(bytes: number): void {
    this.#host.onHeaderTableSize(bytes);
  }

  override onMaxConcurrentStreams(count: number): void {
    this.#host.onMaxConcurrentStreams(count);
  }

  protected override onData(
    streamId: number,
    endStream: boolean,
    bytes: Buffer,
    start: number,
    end: number,
    frameBytes: number,
  ): void {
    const call = this.#host.calls.get(streamId);
    if (call === undefined) {
      this.#onFrameOfUnknownStream(streamId);
      return;
    }
    this.receiveWindowOf(call).receive(frameBytes);
    if (start === end && !endStream) this.spendIdleFrame();
    call.onData(bytes, start, end, frameBytes);
    if (endStream && !call.ended) call.onEndWithoutTrailers();
  }

  protected override onReset(call: ClientCall, code: number): void {
    this.#host.remove(call);
    call.onReset(code);
  }

  protected override onGoAway(lastStreamId: number, code: number, debug: Buffer): void {
    this.#host.onGoAway(lastStreamId, code, debug.toString("utf8", 0, debugCharactersMax));
  }

  protected override onPriority(): void {
    // Servers have no reason to send it, and it costs nothing but the budget.
  }

  protected override onStreamError(streamId: number, code: number): void {
    const call = this.#host.calls.get(streamId);
    if (call === undefined) return;
    this.#host.reset(call, code);
    call.onReset(code);
  }

  protected override onFirstSettings(): void {
    // Calls begin once they are applied.
  }

  protected override onSettingsApplied(): void {
    this.#host.onSettings();
  }

  protected override onSettingsAcknowledged(): void {
    // Ours are larger than what a server starts with: nothing waits for them.
  }

  protected override onPing(): void {
    this.spendIdleFrame();
  }

  protected override onPingAcknowledged(): void {
    // Any byte is a sign of life.
  }

  protected override streamOf(streamId: number): ClientCall | undefined {
    return this.#host.calls.get(streamId);
  }

  protected override openStreams(): Iterable<ClientCall> {
    return this.#host.calls.values();
  }

  protected override isIdle(streamId: number): boolean {
    return (streamId & 1) === 0 || streamId >= this.#host.nextStreamId;
  }

  #onFrameOfUnknownStream(streamId: number): void {
    if (this.isIdle(streamId))
      throw new ConnectionError(ErrorCode.protocolError, `a frame of the idle stream ${streamId}`);
    this.spendIdleFrame();
  }
}
