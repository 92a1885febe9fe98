/** Huffman encoding, for our own field blocks. Source: RFC 7541 section 5.2 and appendix B. */
import { HUFFMAN_CODES, HUFFMAN_LENGTHS } from "./huffman-code.js";

/** Bytes that the latin1 string `text` takes when Huffman-encoded, padding included. */
export function huffmanEncodedBytes(text: string): number {
  let bits = 0;
  for (let at = 0; at < text.length; at++) bits += HUFFMAN_LENGTHS[text.charCodeAt(at) & 0xff] as number;
  return (bits + 7) >> 3;
}

/**
 * Writes the latin1 string `text` to `target` from `start`; there must be room for `huffmanEncodedBytes(text)`.
 * @returns the position after the last byte.
 */
export function encodeHuffman(text: string, target: Uint8Array, start: number): number {
  let position = start;
  // Fewer than 8 bits wait here between symbols. A code has up to 28, and 36 bits would not fit: take codes in two halves.
  let waiting = 0;
  let waitingBits = 0;
  for (let at = 0; at < text.length; at++) {
    const symbol = text.charCodeAt(at) & 0xff;
    const code = HUFFMAN_CODES[symbol] as number;
    let left = HUFFMAN_LENGTHS[symbol] as number;
    while (left > 0) {
      const take = left > 16 ? 16 : left;
      left -= take;
      waiting = (waiting << take) | ((code >>> left) & ((1 << take) - 1));
      waitingBits += take;
      while (waitingBits >= 8) {
        waitingBits -= 8;
        target[position++] = waiting >>> waitingBits;
        waiting &= (1 << waitingBits) - 1;
      }
    }
  }
  // Padding is the beginning of EOS: all ones.
  if (waitingBits > 0) target[position++] = (waiting << (8 - waitingBits)) | (0xff >> waitingBits);
  return position;
}
