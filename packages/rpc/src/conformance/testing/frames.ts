/**
 * HTTP/2 frames as bytes, right or wrong: nothing here refuses what RFC 9113 forbids.
 *
 *   | length (24) | type (8) | flags (8) | R (1) stream id (31) | payload |
 */

export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const Flag = {
  none: 0,
  endStream: 0x1,
  ack: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

/** Error codes of RFC 9113 section 7. */
export const ErrorCode = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  SETTINGS_TIMEOUT: 4,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  CONNECT_ERROR: 10,
  ENHANCE_YOUR_CALM: 11,
  INADEQUATE_SECURITY: 12,
  HTTP_1_1_REQUIRED: 13,
} as const;

export type ErrorName = keyof typeof ErrorCode;

export function errorName(code: number): string {
  return Object.entries(ErrorCode).find(([, value]) => value === code)?.[0] ?? `code ${code}`;
}

/** Parameters of RFC 9113 section 6.5.2. */
export const Setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

export const PREFACE: Buffer = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
export const FRAME_HEADER_BYTES = 9;
export const DEFAULT_MAX_FRAME_BYTES = 16_384;
export const DEFAULT_WINDOW_BYTES = 65_535;
export const WINDOW_BYTES_MAX = 0x7fff_ffff;

export interface FrameHead {
  readonly type: number;
  readonly flags?: number;
  readonly streamId?: number;
  /** Length to declare, when it shall not be the payload's. */
  readonly length?: number;
}

export function frame(head: FrameHead, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES + payload.length);
  bytes.writeUIntBE(head.length ?? payload.length, 0, 3);
  bytes[3] = head.type;
  bytes[4] = head.flags ?? 0;
  bytes.writeUInt32BE((head.streamId ?? 0) >>> 0, 5);
  bytes.set(payload, FRAME_HEADER_BYTES);
  return bytes;
}

export function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, at) => bytes.writeUInt32BE(value >>> 0, 4 * at));
  return bytes;
}

/** A pad length, the content and `padBytes` zeros. */
export function padded(content: Uint8Array, padBytes: number, declaredPadBytes: number = padBytes): Buffer {
  return Buffer.concat([Uint8Array.of(declaredPadBytes), content, Buffer.alloc(padBytes)]);
}

export function data(streamId: number, payload: Uint8Array | string, flags: number = Flag.endStream): Buffer {
  return frame({ type: FrameType.data, flags, streamId }, Buffer.from(payload as Uint8Array));
}

export function headers(streamId: number, block: Uint8Array, flags: number): Buffer {
  return frame({ type: FrameType.headers, flags, streamId }, block);
}

export function continuation(streamId: number, block: Uint8Array, flags: number = Flag.endHeaders): Buffer {
  return frame({ type: FrameType.continuation, flags, streamId }, block);
}

/** The payload of PRIORITY and of the PRIORITY fields of HEADERS. */
export function priorityFields(dependency: number, weight: number = 15): Buffer {
  return Buffer.concat([u32(dependency), Uint8Array.of(weight)]);
}

export function priority(streamId: number, dependency: number): Buffer {
  return frame({ type: FrameType.priority, streamId }, priorityFields(dependency));
}

export function rstStream(streamId: number, code: number = ErrorCode.CANCEL): Buffer {
  return frame({ type: FrameType.rstStream, streamId }, u32(code));
}

export function settings(...entries: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(6 * entries.length);
  entries.forEach(([id, value], at) => {
    payload.writeUInt16BE(id, 6 * at);
    payload.writeUInt32BE(value, 6 * at + 2);
  });
  return frame({ type: FrameType.settings }, payload);
}

export function settingsAck(): Buffer {
  return frame({ type: FrameType.settings, flags: Flag.ack });
}

export function ping(text: string, flags: number = Flag.none): Buffer {
  return frame({ type: FrameType.ping, flags }, Buffer.from(text.padEnd(8, "."), "latin1").subarray(0, 8));
}

export function goaway(lastStreamId: number, code: number = ErrorCode.NO_ERROR, debug: string = ""): Buffer {
  return frame({ type: FrameType.goaway }, Buffer.concat([u32(lastStreamId, code), Buffer.from(debug)]));
}

export function windowUpdate(streamId: number, increment: number): Buffer {
  return frame({ type: FrameType.windowUpdate, streamId }, u32(increment));
}

/** One gRPC message: flag octet, length, bytes. */
export function message(
  bytes: Uint8Array | string = "hello",
  flag: number = 0,
  declaredBytes?: number,
): Buffer {
  const content = Buffer.from(bytes as Uint8Array);
  return Buffer.concat([Uint8Array.of(flag), u32(declaredBytes ?? content.length), content]);
}
