/**
 * An HTTP/2 client that sends any bytes and records what comes back. It keeps no stream states and no windows of its own
 * except where told to: the server under test must cope.
 */
import { once } from "node:events";
import net from "node:net";
import { gunzipSync } from "node:zlib";
import { HpackDecoder } from "../../hpack/hpack-decoder.js";
import { HpackEncoder } from "../../hpack/hpack-encoder.js";
import type { HeaderField } from "../../hpack/hpack-encoder.js";
import * as h2 from "./frames.js";

export interface ReceivedFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** What came back on one stream. */
export class StreamRecord {
  /** Decoded header lists in the order of arrival: response headers, then trailers. */
  readonly headerLists: Map<string, string>[] = [];
  readonly data: Buffer[] = [];
  ended = false;
  resetCode: number | undefined;

  /** Fields of all lists; the trailers win. */
  get fields(): Map<string, string> {
    return new Map(this.headerLists.flatMap((list) => [...list]));
  }

  get dataBytes(): number {
    return this.data.reduce((sum, part) => sum + part.length, 0);
  }

  /** The response's messages, framing and gzip taken off; throws when a message is cut short. */
  messages(): Buffer[] {
    const bytes = Buffer.concat(this.data);
    const messages: Buffer[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = at + 5 + bytes.readUInt32BE(at + 1);
      if (end > bytes.length) throw new Error(`message cut short at ${bytes.length} of ${end} bytes`);
      const message = bytes.subarray(at + 5, end);
      messages.push(bytes[at] === 1 ? gunzipSync(message) : message);
      at = end;
    }
    return messages;
  }
}

export interface Goaway {
  readonly lastStreamId: number;
  readonly code: number;
  readonly debug: string;
}

export interface RawClientOptions {
  /** Send preface and SETTINGS, acknowledge the server's SETTINGS. Default true. */
  readonly handshake?: boolean;
  /** Entries of that SETTINGS frame. */
  readonly settings?: readonly (readonly [id: number, value: number])[];
}

/** A server that says nothing for this long has hung; a bound for the test run, not an expectation. */
const HANG_MS = 20_000;

export class RawClient {
  readonly encoder: HpackEncoder = new HpackEncoder();
  readonly received: ReceivedFrame[] = [];
  goaway: Goaway | undefined;
  /** The connection is closed, for whatever reason. */
  closed = false;
  /** Id that `call` uses next; rows that open streams by hand use lower ones. */
  nextStreamId = 1001;

  readonly #socket: net.Socket;
  readonly #decoder = new HpackDecoder(4096);
  readonly #streams = new Map<number, StreamRecord>();
  readonly #waiting = new Set<() => void>();
  readonly #handshake: boolean;
  /** Table sizes of the SETTINGS frames that the server has not acknowledged; undefined: the frame has none. */
  readonly #unacknowledged: (number | undefined)[] = [];
  #unparsed: Buffer = Buffer.alloc(0);
  #failure: Error | undefined;
  #block: Buffer[] = [];
  #pings = 0;

  private constructor(socket: net.Socket, options: RawClientOptions) {
    this.#socket = socket;
    this.#handshake = options.handshake ?? true;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    // A reset by the server shows as an error before the close; both mean the same here.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
    if (this.#handshake) {
      this.send(h2.PREFACE);
      this.sendSettings(...(options.settings ?? []));
    }
  }

  static async connect(port: number, options: RawClientOptions = {}): Promise<RawClient> {
    const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return new RawClient(socket, options);
  }

  /** Writes all parts at once. @returns false when the socket's buffer is full. */
  send(...parts: readonly Uint8Array[]): boolean {
    return !this.#socket.destroyed && this.#socket.write(Buffer.concat(parts));
  }

  /** Sends SETTINGS and, once they are acknowledged, holds the server to the size of the dynamic table. */
  sendSettings(...entries: readonly (readonly [id: number, value: number])[]): void {
    this.#unacknowledged.push(entries.findLast(([id]) => id === h2.Setting.headerTableSize)?.[1]);
    this.send(h2.settings(...entries));
  }

  /** Writes the bytes one at a time, a turn of the event loop apart, so that the server sees every cut. */
  async sendSlowly(bytes: Uint8Array): Promise<void> {
    // Else the acknowledgement of the server's SETTINGS might get between them.
    if (this.#handshake) await this.barrier();
    for (const byte of bytes) {
      this.send(Uint8Array.of(byte));
      await new Promise(setImmediate);
    }
  }

  /** Resolves when what was sent has left, the connection has closed, or the server reads no more (after `stuckMs`). */
  async drained(stuckMs: number): Promise<"drained" | "closed" | "stuck"> {
    const deadline = performance.now() + stuckMs;
    while (this.#socket.writableNeedDrain && !this.closed) {
      if (performance.now() > deadline) return "stuck";
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return this.closed ? "closed" : "drained";
  }

  /** Half-closes the connection. */
  end(): void {
    this.#socket.end();
  }

  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** A whole HEADERS frame; END_HEADERS is set unless `flags` are given. */
  headers(streamId: number, fields: readonly HeaderField[], flags?: number): Buffer {
    return h2.headers(streamId, this.encoder.encode(fields), flags ?? h2.Flag.endHeaders);
  }

  stream(streamId: number): StreamRecord {
    let record = this.#streams.get(streamId);
    if (record === undefined) this.#streams.set(streamId, (record = new StreamRecord()));
    return record;
  }

  /** Streams that something came back on. */
  streams(): readonly [id: number, record: StreamRecord][] {
    return [...this.#streams];
  }

  /**
   * Waits until `find` finds something in what has come back.
   * Throws when the connection closes first, and when the server hangs.
   */
  async until<T>(what: string, find: () => T | undefined | false): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined && found !== false) return found;
      if (this.#failure !== undefined) throw this.#failure;
      if (this.closed) throw new Error(`the connection closed before: ${what}; ${this.describe()}`);
      await this.#nextArrival(what);
    }
  }

  async untilClosed(): Promise<void> {
    while (!this.closed) await this.#nextArrival("the connection to close");
  }

  /** Sends a PING and waits for its reply: all that was sent before has been read. */
  async barrier(): Promise<void> {
    const text = `barrier${this.#pings++}`.slice(-8);
    this.send(h2.ping(text));
    await this.until("the reply to a PING", () => this.hasPingReply(text));
  }

  /** The PING with this text has been replied to. */
  hasPingReply(text: string): boolean {
    return this.received.some(
      ({ type, flags, payload }) =>
        type === h2.FrameType.ping &&
        flags === h2.Flag.ack &&
        payload.toString("latin1") === text.padEnd(8, "."),
    );
  }

  /** What came back, for error messages. */
  describe(): string {
    const names = Object.keys(h2.FrameType);
    const frames = this.received.slice(-12).map(({ type, flags, streamId, payload }) => {
      const code = type === h2.FrameType.rstStream ? ` ${h2.errorName(payload.readUInt32BE(0))}` : "";
      return `${names[type] ?? type}(stream ${streamId}, flags ${flags}, ${payload.length} bytes${code})`;
    });
    const goaway =
      this.goaway === undefined ? "" : `; GOAWAY ${h2.errorName(this.goaway.code)} "${this.goaway.debug}"`;
    return `received ${frames.join(" ") || "nothing"}${goaway}${this.closed ? "; closed" : ""}`;
  }

  async #nextArrival(what: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(wake);
        reject(new Error(`the server hangs; waited for: ${what}; ${this.describe()}`));
      }, HANG_MS);
      const wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiting.add(wake);
    });
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  #receive(chunk: Buffer): void {
    this.#unparsed = Buffer.concat([this.#unparsed, chunk]);
    while (this.#unparsed.length >= h2.FRAME_HEADER_BYTES) {
      const end = h2.FRAME_HEADER_BYTES + this.#unparsed.readUIntBE(0, 3);
      if (this.#unparsed.length < end) break;
      this.#record({
        type: this.#unparsed[3] as number,
        flags: this.#unparsed[4] as number,
        streamId: this.#unparsed.readUInt32BE(5),
        payload: Buffer.from(this.#unparsed.subarray(h2.FRAME_HEADER_BYTES, end)),
      });
      this.#unparsed = this.#unparsed.subarray(end);
    }
    this.#wake();
  }

  #record(frame: ReceivedFrame): void {
    this.received.push(frame);
    const { type, flags, streamId, payload } = frame;
    switch (type) {
      case h2.FrameType.settings:
        if ((flags & h2.Flag.ack) !== 0) this.#onSettingsAck();
        else if (this.#handshake) this.send(h2.settingsAck());
        break;
      case h2.FrameType.goaway:
        this.goaway = {
          lastStreamId: payload.readUInt32BE(0),
          code: payload.readUInt32BE(4),
          debug: payload.toString("latin1", 8),
        };
        break;
      case h2.FrameType.data:
        this.stream(streamId).data.push(payload);
        break;
      case h2.FrameType.headers:
      case h2.FrameType.continuation:
        this.#block.push(payload);
        if ((flags & h2.Flag.endHeaders) !== 0) this.#recordHeaders(streamId);
        break;
      case h2.FrameType.rstStream:
        this.stream(streamId).resetCode = payload.readUInt32BE(0);
        break;
    }
    if ((type === h2.FrameType.data || type === h2.FrameType.headers) && (flags & h2.Flag.endStream) !== 0) {
      this.stream(streamId).ended = true;
    }
  }

  #onSettingsAck(): void {
    const tableBytes = this.#unacknowledged.shift();
    if (tableBytes !== undefined) this.#decoder.setMaxTableBytes(tableBytes);
  }

  #recordHeaders(streamId: number): void {
    const block = Buffer.concat(this.#block);
    this.#block = [];
    const list = new Map<string, string>();
    try {
      this.#decoder.decode(block, 0, block.length, (name, value) => list.set(name, value), 1 << 20);
    } catch (error) {
      this.#failure = new Error("the server's header block is wrong", { cause: error });
      this.#socket.destroy();
      return;
    }
    this.stream(streamId).headerLists.push(list);
  }
}
