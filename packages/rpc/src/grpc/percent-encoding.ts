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
