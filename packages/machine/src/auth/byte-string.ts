/**
 * Names of users and roles as latin1 strings: one character per byte, so that they order as bytes do and any name a client may
 * send, UTF-8 or not, is kept as it is.
 */

/** The bytes [start, end) of `buffer`. */
export function readByteString(buffer: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(buffer[at] as number);
  return text;
}

export function byteStringOf(bytes: Uint8Array): string {
  return readByteString(bytes, 0, bytes.length);
}

/** The bytes of a latin1 string. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
