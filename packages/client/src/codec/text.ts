/** Text to UTF-8 and back. Short text of ASCII, which keys and most values are, is quicker in a loop than through the platform. */

const encoder = new TextEncoder();
/** A byte order mark is a part of the text: who reads what was written gets what was written. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
/** Above this many characters the platform is quicker. */
const LOOP_MAX = 48;

/** @throws TypeError for what is no text: of a number or an object the loop would make no bytes at all. */
export function encodeText(text: string): Uint8Array {
  if (typeof text !== "string") throw new TypeError(`what is written as text is text, not ${String(text)}`);
  const { length } = text;
  if (length > LOOP_MAX) return encoder.encode(text);
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x80) return encoder.encode(text);
    bytes[at] = code;
  }
  return bytes;
}

/** Bytes that are no UTF-8 become replacement characters. */
export function decodeText(bytes: Uint8Array): string {
  const { length } = bytes;
  if (length > LOOP_MAX) return decoder.decode(bytes);
  let text = "";
  for (let at = 0; at < length; at++) {
    const code = bytes[at] ?? 0x80;
    if (code >= 0x80) return decoder.decode(bytes);
    text += String.fromCharCode(code);
  }
  return text;
}
