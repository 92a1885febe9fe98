/**
 * Reads a SETTINGS payload, refusing values that RFC 9113 section 6.5.2 forbids.
 */
import {
  ConnectionError,
  ErrorCode,
  frameBytesDefault,
  frameBytesLimit,
  readUint32,
  Setting,
  windowBytesLimit,
} from "./frame.js";

export interface SettingsSink {
  /** Largest ENABLE_PUSH that the peer may send: servers do not ask for pushes. */
  readonly enablePushMax: number;
  onHeaderTableSize(bytes: number): void;
  onInitialWindowSize(bytes: number): void;
  onMaxConcurrentStreams(count: number): void;
}

/** Calls the sink for each parameter that concerns us, in order; unknown ones are ignored. */
export function applyPeerSettings(bytes: Uint8Array, start: number, end: number, sink: SettingsSink): void {
  for (let at = start; at < end; at += 6) {
    const value = readUint32(bytes, at + 2);
    switch ((bytes[at]! << 8) | bytes[at + 1]!) {
      case Setting.headerTableSize:
        sink.onHeaderTableSize(value);
        break;
      case Setting.enablePush:
        if (value > sink.enablePushMax)
          throw new ConnectionError(ErrorCode.protocolError, `ENABLE_PUSH ${value}`);
        break;
      case Setting.maxConcurrentStreams:
        sink.onMaxConcurrentStreams(value);
        break;
      case Setting.initialWindowSize:
        if (value > windowBytesLimit) {
          throw new ConnectionError(ErrorCode.flowControlError, `INITIAL_WINDOW_SIZE ${value}`);
        }
        sink.onInitialWindowSize(value);
        break;
      case Setting.maxFrameSize:
        // We never send more than the smallest limit a peer can have; larger frames would only let one stream hog the rest.
        if (value < frameBytesDefault || value > frameBytesLimit) {
          throw new ConnectionError(ErrorCode.protocolError, `MAX_FRAME_SIZE ${value}`);
        }
        break;
    }
  }
}
