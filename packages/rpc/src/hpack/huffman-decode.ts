/**
 * Huffman decoding, four bits a step. A state is an inner node of the code tree (there are 256, so it fits a byte); the
 * table says for each state and nibble which node comes next and which byte, if any, was completed on the way: the
 * shortest code has five bits, so a nibble completes at most one.
 *
 * Entry: | symbol (8 bits) | flags (8 bits) | next state (8 bits) |
 * Source: RFC 7541 section 5.2 and appendix B.
 */
import { HpackError } from "./hpack-error.js";
import { HUFFMAN_CODES, HUFFMAN_EOS, HUFFMAN_LENGTHS } from "./huffman-code.js";

/** The nibble completed a byte. */
const EMIT = 0x100;
/** The nibble ran into EOS. */
const FAIL = 0x200;
/** A string may end here: the bits since the last byte are fewer than eight and all ones. */
const MAY_END = 0x400;

const SYMBOL_SHIFT = 16;
const ROOT = 0;
const TRANSITIONS: Int32Array = buildTransitions();

/** The most bytes that `encodedBytes` bytes can decode to: the shortest code has five bits. */
export function huffmanDecodedBytesMax(encodedBytes: number): number {
  return Math.floor((encodedBytes * 8) / 5);
}

/**
 * Decodes `source[start, end)` to `target`, which has room for `huffmanDecodedBytesMax(end - start)` bytes.
 * @returns the number of bytes written.
 * @throws HpackError `huffman-eos` or `huffman-padding`.
 */
export function decodeHuffman(source: Uint8Array, start: number, end: number, target: Uint8Array): number {
  const transitions = TRANSITIONS;
  let entry = MAY_END | ROOT;
  let length = 0;
  for (let at = start; at < end; at++) {
    const byte = source[at] as number;
    entry = transitions[((entry & 0xff) << 4) | (byte >> 4)] as number;
    if ((entry & (EMIT | FAIL)) !== 0) {
      if ((entry & FAIL) !== 0) throw eosError();
      target[length++] = entry >> SYMBOL_SHIFT;
    }
    entry = transitions[((entry & 0xff) << 4) | (byte & 15)] as number;
    if ((entry & (EMIT | FAIL)) !== 0) {
      if ((entry & FAIL) !== 0) throw eosError();
      target[length++] = entry >> SYMBOL_SHIFT;
    }
  }
  if ((entry & MAY_END) === 0) {
    throw new HpackError(
      "huffman-padding",
      "a Huffman string ends neither on a byte nor with fewer than 8 one bits",
    );
  }
  return length;
}

function eosError(): HpackError {
  return new HpackError("huffman-eos", "a Huffman string contains the end-of-string symbol");
}

function buildTransitions(): Int32Array {
  const { children, mayEnd } = buildTree();
  const states = mayEnd.length;
  const transitions = new Int32Array(states << 4);
  for (let state = 0; state < states; state++) {
    for (let nibble = 0; nibble < 16; nibble++) {
      let node = state;
      let flags = 0;
      let symbol = 0;
      for (let bit = 3; bit >= 0; bit--) {
        const child = children[node * 2 + ((nibble >> bit) & 1)] as number;
        if (child >= 0) {
          node = child;
        } else if (~child === HUFFMAN_EOS) {
          flags = FAIL;
          break;
        } else {
          flags |= EMIT;
          symbol = ~child;
          node = ROOT;
        }
      }
      if (mayEnd[node] === true) flags |= MAY_END;
      transitions[(state << 4) | nibble] = (symbol << SYMBOL_SHIFT) | flags | node;
    }
  }
  return transitions;
}

/** Children of each inner node, zero bit first: an inner node's number, or the complement of a symbol. */
function buildTree(): { children: number[]; mayEnd: boolean[] } {
  const children: number[] = [0, 0];
  const mayEnd: boolean[] = [true];
  for (let symbol = 0; symbol <= HUFFMAN_EOS; symbol++) {
    const code = HUFFMAN_CODES[symbol] as number;
    const length = HUFFMAN_LENGTHS[symbol] as number;
    let node = ROOT;
    for (let depth = 1; depth < length; depth++) {
      const slot = node * 2 + ((code >>> (length - depth)) & 1);
      if (children[slot] === 0) {
        children[slot] = mayEnd.length;
        mayEnd.push(depth < 8 && code >>> (length - depth) === (1 << depth) - 1);
        children.push(0, 0);
      }
      node = children[slot] as number;
    }
    children[node * 2 + (code & 1)] = ~symbol;
  }
  return { children, mayEnd };
}
