/**
 * Percent-encoding of `grpc-message`: UTF-8, with everything outside printable ASCII, and `%` itself, as %XX.
 * Source: gRPC over HTTP/2, "Status-Message".
 */
const plain = /^[\x20-\x24\x26-\x7e]*$/;

export function percentEncode(text: string): string {
  if (plain.test(text)) return text;
  let encoded = "";
  for (const byte of Buffer.from(text, "utf8")) {
    encoded +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

/** The text of a `grpc-message`; what is not encoded as it should be stays as it is. */
export function percentDecode(text: string): string {
  if (!text.includes("%")) return text;
  const bytes = Buffer.allocUnsafe(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const pair = text.slice(at + 1, at + 3);
    if (code === 0x25 && hexPair.test(pair)) {
      bytes[length++] = Number.parseInt(pair, 16);
      at += 2;
    } else {
      bytes[length++] = code;
    }
  }
  return bytes.toString("utf8", 0, length);
}

const hexPair = /^[0-9a-fA-F]{2}$/;
