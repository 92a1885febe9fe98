/**
 * Decides by its first bytes whether a connection speaks HTTP/2.
 *
 * The first byte that differs from the HTTP/2 preface decides for something else; everything read goes back into the
 * socket then. Limit: at most the 24 bytes of the preface are waited for, for at most `prefaceTimeoutMs`.
 */
import type { Socket } from "node:net";
import { preface } from "./http2/frame.js";
import { Alarm } from "./timer-wheel.js";
import type { TimerWheel } from "./timer-wheel.js";

export interface SnifferSink {
  /** The preface has been read; `rest` followed it. */
  onHttp2(rest: Buffer): void;
  /** Anything else; the bytes are back in the socket. */
  onOther(): void;
  /** The socket closed, or the time ran out and it was closed. */
  onGone(): void;
}

export function sniffProtocol(
  socket: Socket,
  timing: { readonly wheel: TimerWheel; readonly timeoutMs: number },
  sink: SnifferSink,
): void {
  let seen: Buffer = Buffer.alloc(0);
  const alarm = new Alarm(() => {
    socket.destroy();
  });
  const onError = (): void => {
    // "close" follows.
  };
  const onClose = (): void => {
    stop();
    sink.onGone();
  };
  const stop = (): void => {
    timing.wheel.stop(alarm);
    socket.off("data", onData);
    socket.off("error", onError);
    socket.off("close", onClose);
    socket.off("end", onEnd);
  };
  const onEnd = (): void => {
    socket.destroy();
  };
  const onData = (chunk: Buffer): void => {
    const bytes = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const compared = Math.min(bytes.length, preface.length);
    if (bytes.compare(preface, 0, compared, 0, compared) !== 0) {
      stop();
      socket.pause();
      socket.unshift(bytes);
      sink.onOther();
      // The new owner has attached itself by now; a socket that was paused does not start by that alone.
      process.nextTick(() => socket.resume());
    } else if (bytes.length >= preface.length) {
      stop();
      sink.onHttp2(bytes.subarray(preface.length));
    } else {
      seen = bytes;
    }
  };
  timing.wheel.startIn(alarm, timing.timeoutMs);
  socket.on("error", onError);
  socket.on("close", onClose);
  socket.on("end", onEnd);
  socket.on("data", onData);
}
